/** Text as it is inside Markdown: none of its signs becomes markup. Names, reasons and paths come from people. */
export function plain(text: string): string {
  return text.replace(/[\\|<>*`_[\]~&]/g, (sign) => `\\${sign}`);
}

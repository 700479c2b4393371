/** Fields of a CSV line (RFC 4180, without line breaks inside a field), trimmed. */
export function csvFields(line: string): string[] {
  // A comma before the first field too: no match is then empty, and an empty first field is not lost.
  const fields = `,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...fields].map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain ?? '').trim());
}

/** Lines of a text file, without a byte order mark and whatever its line ends. */
export function textLines(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}

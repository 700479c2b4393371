/** Signs that turn the reading direction around: a name could show itself as another. */
const TURNED = '\\u202a-\\u202e\\u2066-\\u2069';
const UNSAFE = new RegExp(`(\\u001b\\[[\\d;]*m|\\r?\\n|\\t)|[\\p{Cc}${TURNED}]`, 'gu');
const TURNS = new RegExp(`[${TURNED}]`, 'gu');

/**
 * The last guard before a terminal, behind `printable`: lets line ends, tabs and colours through, and nothing else that a terminal
 * obeys, such as a new window title, a clipboard or a moved cursor. Names and messages come from files, people and services.
 */
export function terminalText(text: string): string {
  return text.replace(UNSAFE, (_sign, harmless: string | undefined) => harmless ?? '');
}

/** Text without signs that turn the reading direction around. */
export function unturned(text: string): string {
  return text.replace(TURNS, '');
}

/** A JSON text of the same value, in which no sign stands that a terminal obeys: `JSON.stringify` leaves U+007F–U+009F as they are. */
export function terminalJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What stands where something was taken out. */
const GONE = '…';

/** Variables whose values are secrets. */
const SECRET_NAME =
  /(KEY|KEYS|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|CONNECTION_STRING|SAS)(_DATA)?$|^TEMPORAL_GRPC_META_|^OTEL_\w+_HEADERS$/;

/** Shorter values would take ordinary words out of sentences. */
const SHORTEST_SECRET = 8;

/** Texts of these shapes are secrets, whoever brought them. */
const SHAPES: readonly [RegExp, string][] = [
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/"'@\\]+@/gi, `$1${GONE}@`],
  [/(\bhttps?:\/\/[^\s"'\\?#<>]+)\?[^\s"'\\<>]*/gi, `$1?${GONE}`],
  [/\b(sig|AccountKey|SharedAccessKey|SharedAccessSignature)=[^&;\s"'\\<>]+/gi, `$1=${GONE}`],
  [/\b(Bearer|Basic) [A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${GONE}`],
];

/** Takes secrets out of a text. */
export type Redact = (text: string) => string;

/**
 * The function that takes the secrets of an environment out of a text, as they are and as they stand in URLs, and besides
 * the queries and passwords of URLs, signatures and bearer tokens. Everything that people or Temporal are told of an error,
 * and every line of a log, goes through it.
 */
export function redactor(env: Readonly<Record<string, string | undefined>>): Redact {
  const secrets = secretsOf(env);
  return (text) => {
    let clean = text;
    for (const secret of secrets) clean = clean.replaceAll(secret, GONE);
    for (const [shape, instead] of SHAPES) clean = clean.replace(shape, instead);
    return clean;
  };
}

/** The secret values of an environment, longest first, so that none leaves a part of another behind. */
function secretsOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const values = Object.entries(env).flatMap(([name, value]) => (SECRET_NAME.test(name) && value ? parts(value) : []));
  const spelt = values.flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
  return [...new Set(spelt)].sort((a, b) => b.length - a.length);
}

/** A value, and what it lists: keys by id (`id:key,id:key`), headers (`name=value,…`), or several separated by commas. */
function parts(value: string): string[] {
  const listed = value.split(',').flatMap((entry) => [entry, entry.slice(entry.search(/[:=]/) + 1)]);
  return [value, ...listed].map((part) => part.trim()).filter((part) => part.length >= SHORTEST_SECRET);
}

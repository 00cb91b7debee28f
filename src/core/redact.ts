/** What stands where a secret stood. */
export const redacted: string = '***';

/** Longest first, so that a secret that begins like another one is hidden whole. */
let secrets: readonly { readonly value: string; readonly pattern: RegExp }[] = [];

/** Words that messages use: a password that is one of them cannot be told from them, and is hidden by its place only. */
const commonWords: ReadonlySet<string> = new Set([
  'database',
  'development',
  'localhost',
  'lockkeeper',
  'migration',
  'migrations',
  'password',
  'postgres',
  'postgresql',
  'production',
  'secret',
  'staging',
]);

/**
 * Makes `redact` hide this value wherever it stands, also percent-encoded or escaped for JSON. Values shorter than six
 * characters, and words that messages use, are not taken: hiding them everywhere would make every text unreadable, and
 * they are still hidden where their place shows what they are (in a URL, after `password=`, under a key).
 */
export function registerSecret(value: string | null | undefined): void {
  if (value === null || value === undefined || value.length < 6 || commonWords.has(value.toLowerCase()))
    return;
  if (secrets.some((secret) => secret.value === value)) return;
  const pattern = new RegExp(Array.from(value, writtenForms).join(''), 'g');
  secrets = [...secrets, { value, pattern }].sort((a, b) => b.value.length - a.value.length);
}

/** One character as itself, percent-encoded in either case, or escaped for JSON. */
function writtenForms(character: string): string {
  if (/[A-Za-z\d]/.test(character)) return character;
  const bytes = Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(
    '',
  );
  const forms = [character, bytes.toLowerCase(), bytes.toUpperCase(), JSON.stringify(character).slice(1, -1)];
  const escaped = new Set(forms.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)));
  // The escaped form is the longer one, and has to be tried before the character that it begins or ends with.
  return `(?:${[...escaped].sort((a, b) => b.length - a.length).join('|')})`;
}

/** A connection URL that may be shown: its password, and passwords in its parameters, are hidden. */
export function redactUrl(url: string): string {
  // The whole text is one URL here, so a password that was not percent-encoded ends at the last @ and nowhere before.
  return redactText(
    url.replace(/^(\s*[a-z][a-z\d+.-]*:\/\/[^:/?#@]*:)(?!\d{1,5}(?:[/?]|$))[^]+(?=@)/i, `$1${redacted}`),
  );
}

const secretWord = String.raw`(?:password|passwd|passphrase|pwd)`;
const secretKey = String.raw`[\w-]*(?:${secretWord}|secret|(?:access|auth|bearer|refresh|session)[_-]?token|api[_-]?key)`;
const value = {
  singleQuoted: String.raw`'(?:\\.|''|[^'\\])*(?:'|$)`,
  doubleQuoted: String.raw`"(?:\\.|[^"\\])*(?:"|$)`,
  bare: String.raw`(?:\\\s|[^\s"\x60'=])(?:\\\s|[^\s"\x60])*`,
};

/** Each keeps its group 1; the rest of what it takes is the secret. */
const patterns: readonly RegExp[] = [
  // scheme://user:secret@ of PostgreSQL. A password that should have been percent-encoded (@ / ? # ') is taken whole;
  // up to five digits are a port, as they are to libpq.
  /(postgres(?:ql)?:\/\/[^\s:/?#@]*:)(?!\d{1,5}(?:[/?"'`)\]]|[.,;:]?(?:\s|$)))(?:(?:(?!:\/\/)[^\s"'`<>])+|[^\s@]+)(?=@)/gi,
  // The same of any other scheme, where a slash ends the place for a password.
  /([a-z][a-z\d+.-]{0,30}:\/\/[^\s:/?#@"']*:)[^\s/@"']+(?=@)/gi,
  // ?password=secret& in a URL.
  new RegExp(String.raw`([?&][\w-]*${secretWord}=)[^&\s"'#]+`, 'gi'),
  // password=secret and password='a secret' as libpq writes it, PGPASSWORD=secret as a shell does.
  new RegExp(
    String.raw`((?<![?&\w-])[\w-]*${secretWord}\s*=\s*)(?:${value.singleQuoted}|${value.doubleQuoted}|${value.bare})`,
    'gi',
  ),
  // "password": "secret" in JSON, the same inside a JSON string, and password: 'secret' as Node prints objects.
  new RegExp(String.raw`(\\"${secretKey}\\"\s*:\s*\\").+?(?=\\")`, 'gi'),
  new RegExp(String.raw`("${secretKey}"\s*:\s*")(?:\\.|[^"\\])+`, 'gi'),
  new RegExp(String.raw`((?<![\w-])${secretKey}:\s*')(?:\\.|[^'\\])+`, 'gi'),
  // CREATE ROLE … PASSWORD 'secret', in each of PostgreSQL's string forms.
  /(\bpassword\s+(?:e|u&)?')(?:\\.|''|[^'\\])+/gi,
  /(\bpassword\s+(\$\w*\$))[^]+?(?=\2)/gi,
  /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^]+?(?=-----END|$)/g,
];

/** Text without the secrets that it holds. */
export function redactText(text: string): string {
  let result = text;
  for (const { pattern } of secrets) result = result.replace(pattern, redacted);
  if (!mayHoldSecret.test(result)) return result;
  for (const pattern of patterns) result = result.replace(pattern, `$1${redacted}`);
  return result;
}

/** Cheap test that lets most texts pass without the patterns above. */
const mayHoldSecret = /:\/\/|pass|pwd|secret|token|api.?key|PRIVATE KEY/i;
const keyOfSecret = new RegExp(`^${secretKey}$`, 'i');

/**
 * A copy of any value without the secrets it holds: text by its content, objects also by the names of their keys, errors
 * with message, stack, cause and their own fields. The value itself is left as it is.
 */
export function redact<Value>(value: Value): Value {
  return copy(value, new Map()) as Value;
}

function copy(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof URL) return redactText(value.href);
  if (value instanceof Date || ArrayBuffer.isView(value)) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) return copyInto([], value, seen);
  if (value instanceof Map || value instanceof Set) return copyCollection(value, seen);
  // An error keeps its class, so that instanceof and the stack as Node prints it go on working.
  return copyInto(Object.create(Object.getPrototypeOf(value) as object | null) as object, value, seen);
}

function copyInto(target: object, source: object, seen: Map<object, unknown>): object {
  seen.set(source, target);
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(source))) {
    if (!('value' in descriptor)) {
      // The stack of an error is an accessor on some engines; other accessors are code, and are kept.
      if (key === 'stack' && source instanceof Error && source.stack !== undefined) {
        define(target, key, { ...plainHidden, value: redactText(source.stack) });
      } else define(target, key, descriptor);
      continue;
    }
    const hide = keyOfSecret.test(key) && typeof descriptor.value === 'string' && descriptor.value !== '';
    define(target, key, { ...descriptor, value: hide ? redacted : copy(descriptor.value, seen) });
  }
  for (const symbol of Object.getOwnPropertySymbols(source)) {
    const descriptor = Object.getOwnPropertyDescriptor(source, symbol);
    if (descriptor !== undefined) define(target, symbol, descriptor);
  }
  return target;
}

const plainHidden = { configurable: true, enumerable: false, writable: true } as const;

function define(target: object, key: PropertyKey, descriptor: PropertyDescriptor): void {
  Object.defineProperty(target, key, descriptor);
}

function copyCollection(
  value: Map<unknown, unknown> | Set<unknown>,
  seen: Map<object, unknown>,
): Map<unknown, unknown> | Set<unknown> {
  if (value instanceof Set) {
    const target = new Set<unknown>();
    seen.set(value, target);
    for (const item of value) target.add(copy(item, seen));
    return target;
  }
  const target = new Map<unknown, unknown>();
  seen.set(value, target);
  for (const [key, item] of value) {
    const hide = typeof key === 'string' && keyOfSecret.test(key) && typeof item === 'string';
    target.set(copy(key, seen), hide ? redacted : copy(item, seen));
  }
  return target;
}

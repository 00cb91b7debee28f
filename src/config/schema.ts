import * as v from 'valibot';
import { foreignFormats } from '../migration/migration.js';
import { durationForms, formatDuration, maxTimeoutMs, parseDuration } from '../core/duration.js';
import { didYouMean, joinWords } from '../core/text.js';

type Schema = v.GenericSchema;
type Entries = Readonly<Record<string, Schema>>;

/** The shape of a configuration. Each message says what is accepted; the key is added by whoever reads the issues. */
export function configSchema(): Schema {
  const environment = { ...settings(), protected: boolean() };
  const environments = v.optional(
    v.pipe(
      v.custom<Record<string, unknown>>(isPlainObject, 'an object with one section for each environment'),
      v.record(v.string(), object(environment, 'an object with the settings of one environment')),
    ),
  );
  return object(
    { ...settings(), $schema: text(), environments },
    'an object, as defineConfig takes it',
    Object.keys(environment),
  );
}

function settings(): Entries {
  return {
    ...connection(),
    migrations: migrations(),
    seeds: byForm({ text: text(), object: object({ dir: text() }, seedsForms), accepted: seedsForms }),
    templates: text(),
    history: object({ schema: identifier(), table: identifier() }, 'an object with "schema" and "table"'),
    lockTimeout: duration(),
    statementTimeout: duration(),
    lockWait: duration(),
    concurrentDeadline: duration(),
    cancelBlockersAfter: duration(),
    observer: boolean(),
    leaseTimeout: duration(),
    synchronousCommit: boolean(),
    lockRetries: integer(0, 10_000),
    outOfOrder: oneOf(['allow', 'warn', 'refuse']),
    log: object({ format: oneOf(['json', 'text']), file: text() }, 'an object with "format" and "file"'),
    metrics: object({ file: text(), every: duration(1000) }, metricsForms, [], ['file']),
    webhooks: webhooks(),
    openTelemetry: boolean(),
  };
}

const metricsForms = '{ file, every }';

function webhooks(): Schema {
  const accepted = 'a list of { url, secret, on, slowAfter, format, timeout, flush, ca }';
  const moments = ['start', 'success', 'failure', 'slow'];
  const isMoments = (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every((item) => moments.includes(item as string));
  const webhook = object(
    {
      url: possiblyEmpty(),
      secret: possiblyEmpty(),
      on: check(isMoments, `a list of ${quoted(moments)}`),
      slowAfter: duration(1),
      format: oneOf(['json', 'slack']),
      timeout: duration(1),
      flush: duration(),
      ca: text(),
    },
    accepted,
  );
  return v.optional(v.pipe(v.custom<unknown[]>(Array.isArray, accepted), v.array(webhook)));
}

const seedsForms = 'the path of a folder, or { dir }';

function connection(): Entries {
  return {
    url: possiblyEmpty(),
    directUrl: possiblyEmpty(),
    pooled: boolean(),
    host: check(isHost, 'one host name, address, or folder of a Unix socket'),
    port: port(),
    database: possiblyEmpty(),
    user: possiblyEmpty(),
    password: check(isPassword, 'a text, or a function that gives one'),
    ssl: ssl(),
    role: identifier(),
    searchPath: check(isSearchPath, "a text such as 'app, public', or a list of schema names"),
    applicationName: text(),
    connectTimeout: duration(),
    pool: pool(),
  };
}

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

function ssl(): Schema {
  const accepted = `true, false, ${quoted(sslModes)}, or { rejectUnauthorized, ca, cert, key, servername }`;
  const pem = check(isPem, 'PEM text, or the path of a PEM file');
  const details = object(
    { rejectUnauthorized: boolean(), ca: pem, cert: pem, key: pem, servername: text() },
    accepted,
  );
  const plain = check((value) => typeof value === 'boolean' || sslModes.includes(value as string), accepted);
  return v.optional(v.lazy((value) => (isPlainObject(value) ? details : plain)));
}

function pool(): Schema {
  const count = integer(0, maxTimeoutMs);
  const keys = ['min', 'max', 'acquireTimeoutMillis', 'createTimeoutMillis', 'destroyTimeoutMillis'];
  const more = ['idleTimeoutMillis', 'reapIntervalMillis', 'createRetryIntervalMillis'];
  return object(
    Object.fromEntries([...keys, ...more].map((key) => [key, count])),
    'an object with "min" and "max"',
  );
}

function migrations(): Schema {
  const accepted = 'the path of a folder, { dir, format, name }, or a list of them';
  const keys = { dir: text(), format: format(), name: text(), dependsOn: dependencies() };
  const own = object(keys, accepted, [], ['dir']);
  // What else stands there is checked by the format itself, which knows its tool's words.
  const foreign = v.looseObject({ ...keys, keepForeignHistory: boolean() });
  const folder = v.lazy((value) =>
    foreignFormats.some((name) => name === (value as { format?: unknown }).format) ? foreign : own,
  );
  const one = byForm({ text: text(), object: folder, accepted });
  const list = v.pipe(v.array(one), v.minLength(1, 'a list with at least one folder'));
  return v.optional(v.lazy((value) => (Array.isArray(value) ? list : one)));
}

function dependencies(): Schema {
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const isNames = (value: unknown): boolean => Array.isArray(value) && value.every(isName);
  const accepts = (value: unknown): boolean =>
    isPlainObject(value) && Object.values(value).every((needs) => isName(needs) || isNames(needs));
  return check(accepts, "an object such as { '0002_orders': ['0001_init'] }");
}

function format(): Schema {
  const known: readonly unknown[] = ['native', 'sql', 'typescript', ...foreignFormats];
  return check((value) => known.includes(value), quoted(known as readonly string[]));
}

function byForm(forms: { text: Schema; object: Schema; accepted: string }): Schema {
  const neither = v.never(forms.accepted);
  return v.optional(
    v.lazy((value): Schema => {
      if (typeof value === 'string') return forms.text;
      return isPlainObject(value) ? forms.object : neither;
    }),
  );
}

/** Reports every unknown key, where valibot's own strictObject stops at the first. */
function object(
  entries: Entries,
  accepted: string,
  elsewhere: readonly string[] = [],
  required: readonly string[] = [],
): Schema {
  return v.optional(
    v.pipe(
      v.custom<Record<string, unknown>>(isPlainObject, accepted),
      v.looseObject(entries),
      v.rawCheck(({ dataset, addIssue }) => {
        const input = dataset.value as Record<string, unknown>;
        const report = (key: string, message: string): void =>
          addIssue({ message, path: [{ type: 'object', origin: 'key', input, key, value: input[key] }] });
        for (const key of Object.keys(input)) {
          if (!Object.hasOwn(entries, key)) report(key, unknownKey(key, Object.keys(entries), elsewhere));
        }
        for (const key of required)
          if (input[key] === undefined) report(key, `missing; accepted: ${accepted}`);
      }),
    ),
  );
}

function unknownKey(key: string, known: readonly string[], elsewhere: readonly string[]): string {
  if (elsewhere.includes(key)) return 'a key of one environment; put it under "environments"';
  return `not a known key.${didYouMean(key, known) || ` Known: ${joinWords(known)}.`}`;
}

function check(accepts: (value: unknown) => boolean, accepted: string): Schema {
  return v.optional(v.custom<unknown>(accepts, accepted));
}

const boolean = (): Schema => check((value) => typeof value === 'boolean', 'true or false');
const text = (): Schema =>
  check((value) => typeof value === 'string' && value !== '', 'a text that is not empty');
const possiblyEmpty = (): Schema => check((value) => typeof value === 'string', 'a text');

function duration(leastMs = 0): Schema {
  const accepts = (value: unknown): boolean => {
    const ms = typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : null;
    return ms !== null && ms >= leastMs && ms <= maxTimeoutMs;
  };
  const least = leastMs === 0 ? '' : ` from ${formatDuration(leastMs)}`;
  return check(accepts, `a duration${least} up to 24 days: ${durationForms}`);
}

function integer(least: number, most: number): Schema {
  const accepts = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  return check(accepts, `a whole number from ${least} to ${most}`);
}

/** `Number(process.env.DB_PORT)` is NaN, and `process.env.DB_PORT` a text, in many a project; NaN means not given. */
function port(): Schema {
  const accepts = (value: unknown): boolean => {
    if (Number.isNaN(value) || value === '') return true;
    if (typeof value !== 'number' && typeof value !== 'string') return false;
    const number = typeof value === 'number' ? value : /^\d+$/.test(value) ? Number(value) : 0;
    return Number.isInteger(number) && number >= 1 && number <= 65_535;
  };
  return check(accepts, 'a port from 1 to 65535');
}

function oneOf(words: readonly string[]): Schema {
  return check((value) => words.includes(value as string), quoted(words));
}

/** PostgreSQL cuts names off at 63 bytes (NAMEDATALEN), which would make two of them one. */
function identifier(): Schema {
  const accepts = (value: unknown): boolean =>
    typeof value === 'string' && value !== '' && !value.includes('\0') && Buffer.byteLength(value) <= 63;
  return check(accepts, 'a name of 1 to 63 bytes');
}

function quoted(words: readonly string[]): string {
  return joinWords(
    words.map((word) => `"${word}"`),
    'or',
  );
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

const isHost = (value: unknown): boolean => typeof value === 'string' && !value.includes(',');
const isPassword = (value: unknown): boolean => typeof value === 'string' || typeof value === 'function';
const isPem = (value: unknown): boolean =>
  (typeof value === 'string' && value !== '') || value instanceof Uint8Array;

function isSearchPath(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() !== '';
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && item !== '')
  );
}

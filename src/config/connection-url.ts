import { redactUrl } from '../core/redact.js';
import type { ConnectionSettings } from './connection-settings.js';
import { problem, type Problems } from './problems.js';
import { readHost, readParameter, readPort } from './url-parameters.js';

/** Where a url was found, for messages. */
export interface UrlPlace {
  /** `DATABASE_URL`, `url`, `environments.production.url`. */
  readonly label: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Reads `postgres://user:password@host:port/database?parameters`. What cannot be used goes into `problems`. */
export function parseConnectionUrl(text: string, place: UrlPlace, problems: Problems): ConnectionSettings {
  const refuse = (why: string, hint: string): ConnectionSettings => {
    const message = `${place.label} cannot be used: ${why}. It reads "${redactUrl(text)}".`;
    problems.push(problem({ message, hint, details: place.details }));
    return {};
  };
  const scheme = /^\s*(postgres(?:ql)?):\/\//i.exec(text);
  if (scheme === null) return refuse(...refusedScheme(text));
  const rest = text.trim().slice(scheme[0].trim().length);
  // As libpq does, # has no meaning; the last @ before the path ends user and password.
  const [, userInfo = null, authority = '', path = '', query = ''] =
    /^(?:([^/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest) ?? [];
  try {
    return {
      ...parseUserInfo(userInfo),
      ...parseAuthority(authority),
      ...(path === '' ? {} : { database: decode(path) }),
      ...parseQuery(query),
    };
  } catch (error) {
    if (!(error instanceof UrlMistake)) throw error;
    return refuse(error.message, error.hint);
  }
}

const example = 'Write it as postgres://user:password@host:5432/database.';

function refusedScheme(text: string): [why: string, hint: string] {
  const scheme = /^\s*([a-z][a-z\d+.-]*:(?:\w+:)?)\/\//i.exec(text)?.[1];
  if (scheme !== undefined) return [`"${scheme}//" is not the beginning of a PostgreSQL URL`, example];
  if (/\b(?:host|dbname|user)\s*=/.test(text))
    return ['it is in the keyword form of libpq, and a URL is needed', example];
  return ['it is neither a PostgreSQL URL nor the word "embedded"', example];
}

class UrlMistake extends Error {
  readonly hint: string;
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

const encodeHint =
  'In a user name or password, write % as %25, @ as %40, / as %2F, : as %3A, ? as %3F and # as %23.';

function decode(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    // The text itself may be a secret, and is not repeated.
    throw new UrlMistake('a % in it is not followed by two hexadecimal digits that make UTF-8', encodeHint);
  }
  if (plain.includes('\0'))
    throw new UrlMistake('it contains %00', 'PostgreSQL takes no NUL byte in any name.');
  return plain;
}

function parseUserInfo(text: string | null): ConnectionSettings {
  if (text === null) return {};
  const colon = text.indexOf(':');
  const user = decode(colon < 0 ? text : text.slice(0, colon));
  const password = colon < 0 ? '' : decode(text.slice(colon + 1));
  return { ...(user === '' ? {} : { user }), ...(password === '' ? {} : { password }) };
}

function parseAuthority(text: string): ConnectionSettings {
  if (text.includes(',')) {
    throw new UrlMistake(
      'it names several hosts, and migrations need one server that can be written to',
      'Keep the host of the primary server.',
    );
  }
  const found = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(text);
  if (found === null)
    throw new UrlMistake('its host is not understood', `${encodeHint} An IPv6 address stands in [ ].`);
  const [, ipv6, name = '', port = ''] = found;
  const host = ipv6 ?? decode(name);
  return {
    ...(host === '' ? {} : take(readHost(host), 'host')),
    ...(port === '' ? {} : take(readPort(port), 'port')),
  };
}

function parseQuery(query: string): ConnectionSettings {
  let settings: ConnectionSettings = {};
  const mistakes: string[] = [];
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const reading = readParameter(name, value);
    if ('refused' in reading) mistakes.push(`its parameter "${name}" is refused: ${reading.refused}`);
    else settings = mergeSettings(settings, reading);
  }
  if (mistakes.length > 0)
    throw new UrlMistake(mistakes.join('; ').replace(/\.$/, ''), 'Remove or change the parameter.');
  return settings;
}

function take(reading: ReturnType<typeof readParameter>, what: string): ConnectionSettings {
  if (!('refused' in reading)) return reading;
  const hint = what === 'port' ? `If this is a part of the password: ${encodeHint}` : example;
  throw new UrlMistake(`its ${what} is refused: ${reading.refused}`, hint);
}

/** Both, the second where they differ; what is said about encryption is put together. */
export function mergeSettings(first: ConnectionSettings, second: ConnectionSettings): ConnectionSettings {
  const ssl = { ...first.ssl, ...second.ssl };
  return { ...first, ...second, ...(Object.keys(ssl).length === 0 ? {} : { ssl }) };
}

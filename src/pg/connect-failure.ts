import { LockkeeperError } from '../core/errors.js';
import { withFullStop } from '../core/text.js';
import { quoteIdent } from '../sql/quote.js';
import type { ConnectionOptions } from './options.js';
import { sqlstate } from './sqlstate.js';

interface RawFailure {
  readonly code?: string;
  readonly message?: string;
}

const unreachable = new Set([
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'ENOENT',
  'EACCES', 'EPIPE',
]); // prettier-ignore

/** Says in one sentence why no session could be opened, with the way out. The password is never part of it. */
export function connectFailure(error: unknown, options: ConnectionOptions): LockkeeperError {
  const raw = error as RawFailure;
  const message = raw.message ?? String(error);
  const place = `${options.host}:${options.port}`;
  const details = { host: options.host, port: options.port, database: options.database, user: options.user };
  const known = knownFailure(raw, message, options);
  if (known !== null) return new LockkeeperError(known.code, { ...known.text, details, cause: error });
  if (isTlsFailure(raw, message)) {
    return new LockkeeperError('DATABASE_TLS', {
      message: `The encrypted connection to ${place} failed: ${message}.`,
      hint: 'Give the certificate of the authority (ssl.ca or sslrootcert), or say sslmode=disable for a server without TLS, or sslmode=no-verify to accept any certificate.',
      details,
      cause: error,
    });
  }
  return new LockkeeperError('DATABASE_UNREACHABLE', {
    message: `No session could be opened on ${place}: ${withFullStop(message)}`,
    hint: 'Check the address with `lockkeeper config --explain` and that the server runs; `lockkeeper doctor` checks both.',
    details,
    cause: error,
  });
}

type Known = {
  readonly code:
    | 'DATABASE_UNREACHABLE'
    | 'DATABASE_AUTHENTICATION'
    | 'DATABASE_MISSING'
    | 'DATABASE_PERMISSION'
    | 'DATABASE_UNSUPPORTED'
    | 'CONFIG_INVALID';
  readonly text: { readonly message: string; readonly hint: string };
};

function knownFailure(raw: RawFailure, message: string, options: ConnectionOptions): Known | null {
  const place = `${options.host}:${options.port}`;
  switch (raw.code) {
    case sqlstate.invalidPassword:
    case sqlstate.invalidAuthorization:
      return {
        code: 'DATABASE_AUTHENTICATION',
        text: {
          message: `The server at ${place} refused the user "${options.user}": ${message}.`,
          hint: 'Check user and password (DATABASE_URL, PGUSER and PGPASSWORD, or .pgpass), and pg_hba.conf on the server.',
        },
      };
    case sqlstate.invalidCatalogName:
      return {
        code: 'DATABASE_MISSING',
        text: {
          message: `The server at ${place} has no database "${options.database}".`,
          hint: `Create it (createdb ${options.database}), or correct the name in the connection URL.`,
        },
      };
    case sqlstate.tooManyConnections:
      return {
        code: 'DATABASE_UNREACHABLE',
        text: {
          message: `The server at ${place} takes no more connections: ${message}.`,
          hint: 'End idle sessions, or raise max_connections or the limit of the role.',
        },
      };
    default:
      return (
        deniedRole(raw, message, options) ??
        deniedConnect(raw, message, options) ??
        networkFailure(raw, message, place)
      );
  }
}

/** The role is set in the startup packet, so the login itself fails (22023 for one that is not there). */
function deniedRole(raw: RawFailure, message: string, { role, user }: ConnectionOptions): Known | null {
  const refused = raw.code === sqlstate.invalidParameterValue || raw.code === sqlstate.insufficientPrivilege;
  if (role === null || !refused || !/\brole\b/.test(message)) return null;
  return {
    code: 'DATABASE_PERMISSION',
    text: {
      message: `The user "${user}" cannot take the role "${role}": ${message}.`,
      hint: `Correct "role" in the configuration, or let an administrator run: grant ${quoteIdent(role)} to ${quoteIdent(user)}.`,
    },
  };
}

function deniedConnect(raw: RawFailure, message: string, options: ConnectionOptions): Known | null {
  if (raw.code !== sqlstate.insufficientPrivilege) return null;
  const { user, database } = options;
  return {
    code: 'DATABASE_PERMISSION',
    text: {
      message: `The user "${user}" may not connect to the database "${database}": ${message}.`,
      hint: `Let an administrator run: grant connect on database ${quoteIdent(database)} to ${quoteIdent(user)}.`,
    },
  };
}

function networkFailure(raw: RawFailure, message: string, place: string): Known | null {
  if (message.includes('password must be a string') || message.includes('no password')) {
    return {
      code: 'CONFIG_INVALID',
      text: {
        message: `The server at ${place} asks for a password, and none was given.`,
        hint: 'Put it into the URL, PGPASSWORD, DB_PASSWORD or .pgpass.',
      },
    };
  }
  if ((raw.code !== undefined && unreachable.has(raw.code)) || message.includes('timeout expired')) {
    return {
      code: 'DATABASE_UNREACHABLE',
      text: {
        message: `No PostgreSQL server answers at ${place}: ${message}.`,
        hint: 'Check host and port, and that the server runs. Without a URL, Lockkeeper starts its own embedded server.',
      },
    };
  }
  return null;
}

function isTlsFailure(raw: RawFailure, message: string): boolean {
  return (
    /certificate|self[- ]signed|SSL|TLS|altname/i.test(message) ||
    (raw.code ?? '').startsWith('ERR_TLS') ||
    (raw.code ?? '').startsWith('ERR_SSL')
  );
}

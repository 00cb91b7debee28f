import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { problem, type Problems } from './problems.js';
import type { Variables } from './variables.js';

export interface PasswordRequest {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

export interface FoundPassword {
  readonly password: string;
  readonly file: string;
}

/**
 * The password that libpq would take from its password file (PostgreSQL manual, "The Password File"): the first line
 * `host:port:database:user:password` that fits, where * fits everything. Null when there is no file or no such line.
 */
export function readPasswordFile(
  request: PasswordRequest,
  file: string,
  problems: Problems,
): FoundPassword | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    const message = `The password file ${file} cannot be read: ${(cause as Error).message}.`;
    problems.push(
      problem({ message, hint: 'Make it readable for this user, or give the password another way.', cause }),
    );
    return null;
  }
  for (const line of text.split(/\r?\n/)) {
    const password = line.startsWith('#') ? null : matchLine(line, request);
    if (password === null) continue;
    if (!isPrivate(file, problems)) return null;
    return { password, file };
  }
  return null;
}

/** Where the password file is: named, else in the home folder. */
export function passwordFilePath(variables: Variables): string {
  const named = variables.get('PGPASSFILE')?.value;
  if (named !== undefined) return named;
  if (process.platform !== 'win32') return join(variables.get('HOME')?.value ?? homedir(), '.pgpass');
  return join(variables.get('APPDATA')?.value ?? homedir(), 'postgresql', 'pgpass.conf');
}

const field = String.raw`((?:\\.|[^:\\])*)`;
const linePattern = new RegExp(`^${field}:${field}:${field}:${field}:(.+)$`);

function matchLine(line: string, request: PasswordRequest): string | null {
  const found = linePattern.exec(line);
  if (found === null) return null;
  const [, host = '', port = '', database = '', user = '', password = ''] = found;
  const fits = (pattern: string, value: string): boolean => pattern === '*' || unescape(pattern) === value;
  const local = request.host.startsWith('/');
  const matches =
    (fits(host, request.host) || (local && fits(host, 'localhost'))) &&
    fits(port, String(request.port)) &&
    fits(database, request.database) &&
    fits(user, request.user);
  return matches ? unescape(password) : null;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}

/** libpq leaves a file alone that others can read, and then asks for a password; here it is said. */
function isPrivate(file: string, problems: Problems): boolean {
  if (process.platform === 'win32') return true;
  const stats = statSync(file);
  if (!stats.isFile() || (stats.mode & 0o077) === 0) return true;
  const message = `The password file ${file} can be read by others, and PostgreSQL's own programs do not use such a file either.`;
  problems.push(problem({ message, hint: `Run: chmod 600 ${file}` }));
  return false;
}

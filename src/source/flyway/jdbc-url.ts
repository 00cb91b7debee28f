import type { FormatConnection } from '../format.js';
import type { SettingsReader } from './settings-reader.js';

/** `jdbc:postgresql://host:port/database?currentSchema=a,b`, with `user` and `password` beside it. */
export function connectionOf(reader: SettingsReader): FormatConnection | null {
  const url = reader.text('url');
  const parsed = url === null ? null : parseJdbcUrl(url);
  if (parsed === null) return null;
  const user = reader.text('user');
  const password = reader.text('password');
  return {
    ...parsed,
    ...(user === null ? {} : { user }),
    ...(password === null ? {} : { password }),
  };
}

function parseJdbcUrl(text: string): FormatConnection | null {
  const [, rest] = /^jdbc:postgresql:(.*)$/s.exec(text) ?? [];
  if (rest === undefined) return null;
  const url = rest.startsWith('//') ? `postgres:${rest}` : `postgres://localhost/${rest.replace(/^\//, '')}`;
  if (!URL.canParse(url)) return null;
  const { hostname, port, pathname, searchParams, username, password } = new URL(url);
  const decoded = (value: string): string => decodeURIComponent(value);
  const user = searchParams.get('user') ?? decoded(username);
  const secret = searchParams.get('password') ?? decoded(password);
  const ssl = searchParams.get('ssl') ?? searchParams.get('sslmode');
  const schema = searchParams.get('currentSchema');
  return {
    host: hostname === '' ? 'localhost' : hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    ...(pathname.length > 1 ? { database: decoded(pathname.slice(1)) } : {}),
    ...(user === '' ? {} : { user }),
    ...(secret === '' ? {} : { password: secret }),
    ...(ssl === null ? {} : { ssl: !/^(?:false|disable)$/.test(ssl) }),
    ...(schema === null ? {} : { searchPath: schema.split(',').map((name) => name.trim()) }),
  };
}

import type { FormatConnection } from '../format.js';

export interface JdbcUrl {
  readonly connection: FormatConnection;
  /** `currentSchema` of the url. */
  readonly schema: string | null;
}

/** `jdbc:postgresql://host:port/database?user=…&currentSchema=…`; null for a url of another database. */
export function readJdbcUrl(url: string | null): JdbcUrl | null {
  const match = /^jdbc:postgresql:(?:\/\/([^/?]*)\/)?([^?]*)(?:\?(.*))?$/i.exec(url ?? '');
  if (match === null) return null;
  const [, authority = '', database = '', query = ''] = match;
  const [first = ''] = authority.split(',');
  const [, host = '', port] = /^(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(first) ?? [];
  const parameters = new URLSearchParams(query);
  const user = parameters.get('user');
  const password = parameters.get('password');
  const ssl = parameters.get('ssl') ?? parameters.get('sslmode');
  const named = decodeURIComponent(database);
  return {
    connection: {
      host: host === '' ? 'localhost' : host.replace(/^\[(.*)\]$/, '$1'),
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(named === '' ? {} : { database: named }),
      ...(user === null ? {} : { user }),
      ...(password === null ? {} : { password }),
      ...(ssl === null ? {} : { ssl: !['false', 'disable', 'allow', 'prefer'].includes(ssl) }),
    },
    schema: parameters.get('currentSchema')?.split(',')[0] ?? null,
  };
}

import type { FormatConnection } from '../format.js';
import { isValues } from './knexfile.js';

/** Where a knexfile says the database is: a url, the parts of one, or a function, which only Knex calls. */
export function connectionOf(connection: unknown, searchPath: unknown): FormatConnection | null {
  const path = searchPathOf(searchPath);
  const where = typeof connection === 'string' ? { url: connection } : partsOf(connection);
  return where === null ? null : { ...where, ...(path === null ? {} : { searchPath: path }) };
}

function partsOf(connection: unknown): FormatConnection | null {
  if (!isValues(connection)) return null;
  const text = (key: string): string | undefined => {
    const value = connection[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const port = Number(connection['port']);
  const { ssl } = connection;
  const parts = {
    url: text('connectionString'),
    host: text('host'),
    port: Number.isInteger(port) && port > 0 ? port : undefined,
    database: text('database'),
    user: text('user'),
    password: text('password'),
    ssl: ssl === undefined ? undefined : Boolean(ssl),
  };
  const said = Object.entries(parts).filter(([, value]) => value !== undefined);
  return said.length === 0 ? null : Object.fromEntries(said);
}

function searchPathOf(searchPath: unknown): readonly string[] | null {
  const list: readonly unknown[] = Array.isArray(searchPath) ? searchPath : [searchPath];
  const names = list.filter((name) => typeof name === 'string' && name !== '') as readonly string[];
  return names.length === 0 ? null : names;
}

import type { ForeignFormat } from '../migration/migration.js';
import type { FormatConnection } from '../source/format.js';
import { parseConnectionUrl } from './connection-url.js';
import type { SettingsLayer } from './connection-variables.js';
import type { Origin } from './resolved.js';

/** What another tool's own configuration says of the database. */
export interface ToolConnection {
  readonly format: ForeignFormat;
  /** As its makers write it. */
  readonly title: string;
  /** The file that says it, relative to the project folder; null where it is no file. */
  readonly file: string | null;
  readonly connection: FormatConnection;
}

export function toolOrigin({ title, file }: Pick<ToolConnection, 'title' | 'file'>): Origin {
  return { kind: 'tool', tool: title, ...(file === null ? {} : { file }) };
}

/** Its parts; what stands in its url is read with the url. */
export function toolLayer(tool: ToolConnection): SettingsLayer {
  const { url: _url, ssl, ...parts } = tool.connection;
  return {
    settings: { ...parts, ...(ssl === undefined ? {} : { ssl: { mode: ssl ? 'require' : 'disable' } }) },
    origin: toolOrigin(tool),
  };
}

/** Where a message says that it stands: `the url of Knex (knexfile.js)`. */
export function toolLabel({ title, file }: ToolConnection): string {
  return `the url of ${title}${file === null ? '' : ` (${file})`}`;
}

/** `host:port/database`, by which two tools are found to speak of different ones; null where it cannot be told. */
export function databaseOf({ connection }: ToolConnection): string | null {
  const fromUrl =
    connection.url === undefined ? {} : parseConnectionUrl(connection.url, { label: '', details: {} }, []);
  const { host = 'localhost', port = 5432, database } = { ...connection, ...fromUrl };
  return database === undefined ? null : `${host}:${port}/${database}`;
}

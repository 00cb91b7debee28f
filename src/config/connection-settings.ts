import type { SslMode } from './public.js';

/** What one source says about encryption; nothing in it is decided yet. */
export interface SslSettings {
  readonly mode?: SslMode;
  readonly rejectUnauthorized?: boolean;
  /** PEM text or path. */
  readonly ca?: string;
  /** PEM text or path. */
  readonly cert?: string;
  /** PEM text or path. */
  readonly key?: string;
  readonly servername?: string;
  /** channel_binding=require was asked for. */
  readonly channelBinding?: boolean;
}

export type Password = string | (() => string | Promise<string>);

/** What one source (a url, variables, a section of the configuration) says about a connection. */
export interface ConnectionSettings {
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly password?: Password;
  readonly ssl?: SslSettings;
  readonly role?: string;
  readonly searchPath?: readonly string[];
  readonly applicationName?: string;
  readonly connectTimeoutMs?: number;
  readonly pooled?: boolean;
  /** Path of a password file. */
  readonly passfile?: string;
}

/** Schema names of `app, "My Schema"`. */
export function parseSearchPath(text: string): readonly string[] {
  const names = text.match(/"(?:[^"]|"")*"|[^,]+/g) ?? [];
  return names
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name));
}

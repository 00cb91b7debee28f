import { parseDuration } from '../core/duration.js';
import { parseSearchPath, type ConnectionSettings, type SslSettings } from './connection-settings.js';
import type { ConnectionConfig } from './public.js';

/** What a checked section of the configuration says about the connection, apart from its url. */
export function connectionSettings(config: ConnectionConfig): ConnectionSettings {
  const port = Number(config.port);
  const timeout = config.connectTimeout === undefined ? null : parseDuration(config.connectTimeout);
  const searchPath =
    typeof config.searchPath === 'string' ? parseSearchPath(config.searchPath) : config.searchPath;
  return {
    ...texts(config),
    ...(config.password === undefined || config.password === '' ? {} : { password: config.password }),
    ...(port > 0 ? { port } : {}),
    ...(timeout === null ? {} : { connectTimeoutMs: timeout }),
    ...(searchPath === undefined ? {} : { searchPath }),
    ...(config.pooled === undefined ? {} : { pooled: config.pooled }),
    ...(config.ssl === undefined ? {} : { ssl: sslSettings(config.ssl) }),
  };
}

/** Texts that came from a variable which is not set are empty, and mean nothing. */
function texts(config: ConnectionConfig): ConnectionSettings {
  const keys = ['host', 'database', 'user', 'role', 'applicationName'] as const;
  const given = keys.flatMap((key) =>
    config[key] === undefined || config[key] === '' ? [] : [[key, config[key]]],
  );
  return Object.fromEntries(given) as ConnectionSettings;
}

function sslSettings(ssl: NonNullable<ConnectionConfig['ssl']>): SslSettings {
  if (typeof ssl === 'boolean') return { mode: ssl ? 'require' : 'disable' };
  if (typeof ssl === 'string') return { mode: ssl };
  const pem = (['ca', 'cert', 'key'] as const).flatMap((key) => {
    const value = ssl[key];
    return value === undefined
      ? []
      : [[key, typeof value === 'string' ? value : Buffer.from(value).toString()]];
  });
  return {
    mode: 'require',
    ...(ssl.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: ssl.rejectUnauthorized }),
    ...(ssl.servername === undefined ? {} : { servername: ssl.servername }),
    ...(Object.fromEntries(pem) as SslSettings),
  };
}

import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { serverStatus, startServer, stopServer, type EmbeddedTarget } from '../pg/embedded/index.js';
import type { DatabaseServerReport } from './lockkeeper.js';

/** Starts the environment's embedded server and keeps it running until `dbStop`. */
export async function dbStart(config: ResolvedConfig, context: Context): Promise<DatabaseServerReport> {
  return startServer(embedded(config, 'start'), context, { keep: true });
}

/** Ends the embedded server and whoever is connected to it. Its data stays. */
export async function dbStop(config: ResolvedConfig, context: Context): Promise<DatabaseServerReport> {
  return stopServer(embedded(config, 'stop'), context);
}

/** Whether the embedded server runs, and how to reach it. */
export async function dbStatus(config: ResolvedConfig, _context: Context): Promise<DatabaseServerReport> {
  return serverStatus(embedded(config, 'status'));
}

/** A url that psql and applications can use at once: the server is started on demand, like by every other verb. */
export async function dbUrl(config: ResolvedConfig, context: Context): Promise<string> {
  const { url } = await startServer(embedded(config, 'url'), context);
  if (url !== null) return url;
  throw new LockkeeperError('INTERNAL', { message: 'The embedded server was just started and has no url.' });
}

function embedded(config: ResolvedConfig, verb: string): EmbeddedTarget {
  if (config.target.kind === 'embedded') return config.target;
  throw new LockkeeperError('USAGE_INVALID', {
    message: `"db ${verb}" is about the embedded server, and environment "${config.environment.name}" has a database of its own.`,
    hint: 'Use an environment whose url is "embedded" (--env, or "url" in the configuration), or start and stop that database by its own means.',
    details: { environment: config.environment.name, verb },
  });
}

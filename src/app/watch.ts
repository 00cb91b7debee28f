import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { isLockkeeperError, LockkeeperError } from '../core/errors.js';
import { redactText } from '../core/redact.js';

export interface Watched {
  readonly verb: string;
  /** Sends nothing, so there is nothing to tell either. */
  readonly dryRun: boolean;
  readonly writeLog: ((line: string) => void) | null;
}

/** Where `@opentelemetry/api` 1.x keeps what was registered, whichever copy of it did so. */
const telemetryKey = Symbol.for('opentelemetry.js.api.1');

/**
 * Runs a verb that migrates, in front of the listeners of the configuration; they are loaded only where there are any.
 * What stops it before its run began is told to every listener as `run:refused`: whoever watches deployments wants to
 * know of those that did not begin, too.
 */
export async function watchVerb<Report>(
  config: ResolvedConfig,
  context: Context,
  watched: Watched,
  work: () => Promise<Report>,
): Promise<Report> {
  if (watched.dryRun) return await work();
  const { events } = context;
  const telemetryRegistered = Reflect.has(globalThis, telemetryKey);
  const observation =
    config.observe !== null || telemetryRegistered
      ? await (
          await import('./observe.js')
        ).startObserving(config, context, { ...watched, telemetryRegistered })
      : null;
  let told = false;
  const stopListening = events.on('run:error', () => void (told = true));
  try {
    return await work();
  } catch (thrown) {
    const { verb } = watched;
    if (!told)
      events.emit('run:refused', {
        verb,
        environment: config.environment.name,
        error: asError(thrown).toJSON(),
      });
    throw thrown;
  } finally {
    stopListening();
    await observation?.end();
  }
}

function asError(thrown: unknown): LockkeeperError {
  if (isLockkeeperError(thrown)) return thrown;
  const message = redactText(thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
  return new LockkeeperError('INTERNAL', { message, cause: thrown });
}

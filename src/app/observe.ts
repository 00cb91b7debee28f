import { hostname } from 'node:os';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { packageVersion } from '../core/version.js';
import { type Observation, observe } from '../observe/index.js';
import type { ObserveOptions } from '../observe/options.js';
import { databaseName } from './session.js';

const nothing: ObserveOptions = { log: null, metrics: null, webhooks: [], openTelemetry: 'auto' };

/** What is known of a verb beside its configuration. */
export interface ObservedVerb {
  readonly verb: string;
  readonly writeLog: ((line: string) => void) | null;
  /** A program has registered an OpenTelemetry SDK in this process. */
  readonly telemetryRegistered: boolean;
}

/** Attaches the listeners of the configuration. */
export async function startObserving(
  config: ResolvedConfig,
  context: Context,
  { verb, writeLog, telemetryRegistered }: ObservedVerb,
): Promise<Observation> {
  const options = config.observe ?? nothing;
  const said = options.openTelemetry;
  const openTelemetry = said === 'auto' ? telemetryRegistered : said;
  return await observe(
    context.events,
    { ...options, openTelemetry },
    {
      verb,
      environment: config.environment.name,
      database: databaseName(config),
      host: hostname(),
      version: packageVersion(),
      root: config.root,
      now: context.now,
      writeLog,
      warn: (warning) => context.events.emit('warning', warning),
    },
  );
}

import { resolveConfig } from '../config/resolve.js';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { Events } from '../core/events.js';
import type { RunReport } from '../core/report.js';
import type { Lockkeeper, LockkeeperOptions } from './lockkeeper.js';
import { watchVerb } from './watch.js';
import { withVariables } from './with-variables.js';

const never = new AbortController().signal;

/**
 * Opens a project: reads its configuration and environment. No connection is made before a verb needs one.
 *
 * @example
 * await using lockkeeper = await createLockkeeper({ url: 'postgres://localhost/app' });
 * lockkeeper.on('migration:apply:success', ({ report }) => console.log(report.version, report.durationMs));
 * await lockkeeper.up();
 *
 * @throws {CONFIG_INVALID} {CONFIG_NOT_LOADED} {ENVIRONMENT_UNKNOWN}
 */
export async function createLockkeeper(options: LockkeeperOptions = {}): Promise<Lockkeeper> {
  const config = await resolveConfig(options);
  const events = new Events();
  const context: Context = {
    events,
    now: () => Date.now(),
    root: config.root,
    stop: stopSignal(options),
  };
  const { ask } = options;
  return {
    on: (name, listener) => events.on(name, listener),
    init: async (verb = {}) => (await import('./init.js')).init(config, context, verb),
    new: async (verb) => (await import('./new.js')).newMigration(config, context, verb),
    doctor: async () => (await import('./doctor.js')).doctor(config, context),
    config: () => Promise.resolve(configReport(config)),
    status: async () => (await import('./status.js')).status(config, context),
    history: async (verb = {}) => (await import('./history.js')).history(config, context, verb),
    verify: async () => (await import('./verify.js')).verify(config, context),
    ...runningVerbs(config, context, options),
    backfill: async (verb = {}) =>
      (await import('./backfill.js')).backfills(config, context, { options: verb, ask }),
    adopt: async (verb = {}) => (await import('./adopt.js')).adopt(config, context, { options: verb, ask }),
    convert: async (verb = {}) =>
      await withVariables(config.variables, async () =>
        (await import('./convert.js')).convert(config, context, { options: verb, ask }),
      ),
    tag: async (label) => (await import('./tag.js')).tag(config, context, label),
    mark: async (verb) => (await import('./mark.js')).mark(config, context, { options: verb, ask }),
    repair: async (verb) => (await import('./repair.js')).repair(config, context, { options: verb, ask }),
    lock: {
      status: async () => (await import('./lock.js')).lockStatus(config, context),
      release: async (verb = {}) =>
        (await import('./lock.js')).lockRelease(config, context, { options: verb, ask }),
    },
    db: serverVerbs(config, context),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

type RunningVerbs = Pick<Lockkeeper, 'up' | 'down' | 'redo' | 'reset' | 'fresh' | 'setup'>;

/** The verbs that run migrations, in front of whoever the configuration lets listen. */
function runningVerbs(config: ResolvedConfig, context: Context, options: LockkeeperOptions): RunningVerbs {
  const { ask, writeLog } = options;
  const watched = <Report>(verb: string, work: () => Promise<Report>, dryRun = false): Promise<Report> =>
    watchVerb(config, context, { verb, dryRun, writeLog: writeLog ?? null }, () =>
      withVariables(config.variables, work),
    );
  return {
    up: async (verb = {}) => {
      const { up } = await import('./up.js');
      return await watched('up', () => up(config, context, { ...verb, ask }), verb.dryRun);
    },
    down: async (verb = {}) => {
      const { down } = await import('./down.js');
      const request = { options: verb, ask, verb: 'down' };
      return await watched('down', async () => (await down(config, context, request)).report, verb.dryRun);
    },
    redo: async (verb = {}) => {
      const { redo } = await import('./reset.js');
      return await watched('redo', () => redo(config, context, { options: verb, ask }));
    },
    reset: async (verb = {}) => {
      const { reset } = await import('./reset.js');
      return await watched('reset', () => reset(config, context, { options: verb, ask }));
    },
    fresh: async (verb = {}) => {
      const { fresh } = await import('./fresh.js');
      return await watched('fresh', () => fresh(config, context, { options: verb, ask }));
    },
    setup: async () => {
      const { up } = await import('./up.js');
      return (await watched('setup', () => up(config, context, { ask }))) as RunReport;
    },
  };
}

const serverVerbs = (config: ResolvedConfig, context: Context): Lockkeeper['db'] => ({
  start: async () => (await import('./db.js')).dbStart(config, context),
  stop: async () => (await import('./db.js')).dbStop(config, context),
  status: async () => (await import('./db.js')).dbStatus(config, context),
  url: async () => (await import('./db.js')).dbUrl(config, context),
});

/** Who cancels does not wait either: neither for the lock nor for another try. */
function stopSignal({ signal, cancelSignal }: LockkeeperOptions): Context['stop'] {
  const cancel = cancelSignal ?? never;
  const finish =
    signal === undefined ? cancel : cancel === never ? signal : AbortSignal.any([signal, cancel]);
  return { finish, cancel };
}

function configReport(config: ResolvedConfig): Awaited<ReturnType<Lockkeeper['config']>> {
  const { file, environment, explained, warnings } = config;
  return { file, environment: environment.name, values: explained, warnings };
}

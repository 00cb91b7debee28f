import type { ExitCode } from '../core/error-catalogue.js';
import type { ConfirmOptions, Lockkeeper, LockkeeperOptions } from '../app/lockkeeper.js';
import type { Command } from './command.js';
import { usageError } from './usage-error.js';
import { given, type FlagValues } from './flag-values.js';
import type { Host } from './host.js';
import type { Printer } from './printer.js';
import type { Talk } from './talk.js';

/** One call of one verb: what was typed, and the way to the library and to the terminal. */
export interface Invocation {
  readonly command: Command;
  readonly program: string;
  readonly flags: FlagValues;
  readonly args: readonly string[];
  readonly printer: Printer;
  readonly talk: Talk;
  readonly host: Host;
  /** Opens the library with the flags, hands it over, and closes it whatever happens. */
  readonly withLockkeeper: <Result>(use: (lockkeeper: Lockkeeper) => Promise<Result>) => Promise<Result>;
}

/** What a file in `commands/` exports as `run`. */
export type Action = (invocation: Invocation) => Promise<ExitCode>;

/** The flags that are configuration, in the library's words. */
export function configurationOf(flags: FlagValues): LockkeeperOptions {
  return given({
    cwd: flags.text('cwd'),
    config: flags.text('config'),
    env: flags.text('env'),
    url: flags.text('url'),
    migrations: flags.text('migrations'),
    lockTimeout: flags.text('lock-timeout'),
    statementTimeout: flags.text('statement-timeout'),
    lockWait: flags.text('lock-wait'),
    lockRetries: flags.number('lock-retries'),
    concurrentDeadline: flags.text('concurrent-deadline'),
    cancelBlockersAfter: flags.text('cancel-blockers-after'),
    observer: flags.on('no-observer') ? false : undefined,
    logFormat: flags.text('log-format') as 'json' | 'text' | undefined,
    logFile: flags.text('log-file'),
  });
}

/** The flags that answer a question beforehand. */
export function confirmationOf(flags: FlagValues): ConfirmOptions {
  return given({ yes: flags.boolean('yes'), confirm: flags.text('confirm') });
}

/** The reason that a change of the history by hand has to give. */
export function reasonOf(verb: string, flags: FlagValues): string {
  const why = flags.text('why')?.trim() ?? '';
  if (why !== '') return why;
  const message = `The verb ${verb} needs a reason, because it changes the history without running anything.`;
  throw usageError({ message, hint: 'Add --why "…"; it is kept in the journal.', flag: 'why' });
}

import type { ExitCode } from '../core/error-catalogue.js';
import type { Lockkeeper } from '../app/lockkeeper.js';
import { actions } from './actions.js';
import { createAsk } from './ask.js';
import type { Command } from './command.js';
import { reportFailure } from './failure.js';
import { usageError } from './usage-error.js';
import type { FlagValues } from './flag-values.js';
import type { Host } from './host.js';
import { watchSignals } from './interrupt.js';
import { configurationOf, type Invocation } from './invocation.js';
import type { Printer } from './printer.js';
import { Talk } from './talk.js';

export interface CommandCall {
  readonly command: Command;
  readonly flags: FlagValues;
  readonly args: readonly string[];
  readonly printer: Printer;
  readonly host: Host;
}

/** Loads a verb and runs it with everything around it: signals, questions, the library, errors. */
export async function runCommand(call: CommandCall): Promise<ExitCode> {
  const { printer, host, command } = call;
  const talk = new Talk(printer);
  // The script of a dry run is read by programs as much as JSON is.
  const restore = printer.json || call.flags.on('dry-run') ? host.keepStdoutClean() : () => undefined;
  try {
    const run = actions[command.name];
    if (run === undefined)
      throw usageError({ message: `The verb ${command.name} cannot be run.`, hint: 'See --help.' });
    return await run({
      ...call,
      program: host.program,
      talk,
      withLockkeeper: (use) => withLockkeeper(call, talk, use),
    } satisfies Invocation);
  } catch (error) {
    return reportFailure(error, null, printer);
  } finally {
    talk.end();
    restore();
  }
}

async function withLockkeeper<Result>(
  { flags, host, printer, command }: CommandCall,
  talk: Talk,
  use: (lockkeeper: Lockkeeper) => Promise<Result>,
): Promise<Result> {
  const say = (text: string): void => {
    talk.say(printer.talkLook.style.yellow(text));
    talk.flush();
  };
  const interrupt = watchSignals(host, {
    isTerminal: host.stderr.isTTY === true,
    runs: command.runs === true,
    say,
    now: () => performance.now(),
  });
  const ask = createAsk({ host, talk, look: printer.talkLook, signal: interrupt.finish });
  try {
    const lockkeeper = await host.createLockkeeper({
      ...configurationOf(flags),
      signal: interrupt.finish,
      cancelSignal: interrupt.cancel,
      writeLog: (line) => {
        printer.silence();
        host.stderr.write(line);
      },
      ...(ask === undefined ? {} : { ask }),
    });
    try {
      return await use(lockkeeper);
    } finally {
      await lockkeeper.close();
    }
  } finally {
    interrupt.dispose();
  }
}

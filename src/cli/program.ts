import type { ExitCode } from '../core/error-catalogue.js';
import type { Command } from './command.js';
import { printCompletion } from './completion/print.js';
import { renderCommandHelp, renderHelp } from './help.js';
import type { Host } from './host.js';
import { parseCommandLine } from './parse.js';
import { createPrinter, type Printer } from './printer.js';
import { commands } from './table.js';
import type { UsageProblem } from './usage.js';

/** Runs one command line to its end and returns the exit status. Loads no more than the verb needs. */
export async function runProgram(host: Host): Promise<ExitCode> {
  const parsed = parseCommandLine(host.argv, commands);
  const printer = createPrinter(host, parsed.flags);
  if (parsed.kind === 'help') return showHelp(parsed.command, printer, host);
  if (parsed.kind === 'version') return showVersion(printer, host);
  if (parsed.kind === 'problem') return refuse(parsed.problem, printer, host);
  if (parsed.command.name === 'completion') {
    printCompletion(parsed.args[0] ?? '', commands, printer);
    return 0;
  }
  const { runCommand } = await import('./after-start.js');
  return runCommand({ ...parsed, printer, host });
}

function showVersion(printer: Printer, host: Host): ExitCode {
  if (printer.json) printer.document({ version: host.version() });
  else printer.answer(host.version());
  return 0;
}

function showHelp(command: Command | null, printer: Printer, host: Host): ExitCode {
  if (printer.json) printer.document(command ?? commands);
  else if (command === null) printer.answer(renderHelp(commands, host.program, printer.look));
  else printer.answer(renderCommandHelp(command, host.program, printer.look));
  return 0;
}

async function refuse(problem: UsageProblem, printer: Printer, host: Host): Promise<ExitCode> {
  const { reportFailure, usageError } = await import('./after-start.js');
  // What could not be read may be the value that swallowed --json: a program that asked for JSON still gets it.
  const json = printer.json || host.argv.includes('--json');
  const hint = problem.hint.replace(/(?<=: |See )((?:\S+ )?--help)/, `${host.program} $1`);
  return reportFailure(usageError({ ...problem, hint }), null, { ...printer, json });
}

import type { Command } from '../command.js';
import type { Printer } from '../printer.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** Prints the script of a shell. Shells run this whenever they start, so it loads no more than help does. */
export function printCompletion(shell: string, commands: readonly Command[], printer: Printer): void {
  const script = scripts[shell as keyof typeof scripts](commands);
  if (printer.json) printer.document({ shell, script });
  else printer.answer(script);
}

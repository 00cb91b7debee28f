import type { ExitCode } from '../../core/error-catalogue.js';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { zshScript } from '../completion/zsh.js';
import type { Invocation } from '../invocation.js';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };

export function run({ args, commands, printer }: Invocation): Promise<ExitCode> {
  const shell = args[0] as keyof typeof scripts;
  const script = scripts[shell](commands);
  if (printer.json) printer.document({ shell, script });
  else printer.answer(script);
  return Promise.resolve(0);
}

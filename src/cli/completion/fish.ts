import type { Command, Flag } from '../command.js';
import { commonFlags, confirmFlags, helpFlags } from '../flags.js';
import { argumentWords, offered } from './words.js';

/** A completion script for fish 3 and newer. */
export function fishScript(commands: readonly Command[]): string {
  const names = commands.map((command) => command.name);
  const lines = ['lockkeeper', 'lk'].flatMap((program) => [
    `complete -c ${program} -f`,
    ...commands.map(
      (command) =>
        `complete -c ${program} -n ${quote(`not __fish_seen_subcommand_from ${names.join(' ')}`)} -a ${command.name} -d ${quote(command.summary)}`,
    ),
    ...[...commonFlags, ...confirmFlags, ...helpFlags].map((flag) => line(program, flag, undefined)),
    ...commands.flatMap((command) => [
      ...command.flags.map((flag) => line(program, flag, command)),
      ...argumentLine(program, command, commands),
    ]),
  ]);
  return `# lockkeeper completion for fish. Save it as ~/.config/fish/completions/lockkeeper.fish
${lines.join('\n')}
`;
}

function argumentLine(program: string, command: Command, commands: readonly Command[]): readonly string[] {
  const words = argumentWords(command, commands);
  // `help` itself is offered as a verb's name, which would hide the rest if it counted as a second verb.
  const condition = `__fish_seen_subcommand_from ${command.name}; and test (count (commandline -opc)) -eq 2`;
  return words.length === 0
    ? []
    : [`complete -c ${program} -n ${quote(condition)} -a ${quote(words.join(' '))}`];
}

function line(program: string, flag: Flag, command: Command | undefined): string {
  const parts = [`complete -c ${program}`];
  if (command !== undefined) parts.push(`-n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`);
  if (flag.short !== undefined) parts.push(`-s ${flag.short}`);
  parts.push(`-l ${flag.name}`);
  if (flag.type !== 'boolean') parts.push('-r');
  if (flag.complete === 'file') parts.push('-F');
  if (flag.complete === 'directory') parts.push(`-a ${quote('(__fish_complete_directories)')}`);
  if (offered(flag).length > 0) parts.push(`-a ${quote(offered(flag).join(' '))}`);
  return [...parts, `-d ${quote(flag.summary)}`].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}

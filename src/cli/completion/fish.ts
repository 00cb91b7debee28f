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
  const words = argumentWords(command, commands).filter((word) => word !== command.name);
  if (words.length === 0) return [];
  const condition = `__fish_seen_subcommand_from ${command.name}; and not __fish_seen_subcommand_from ${words.join(' ')}`;
  return [`complete -c ${program} -n ${quote(condition)} -a ${quote(words.join(' '))}`];
}

function line(program: string, flag: Flag, command: Command | undefined): string {
  const parts = [`complete -c ${program}`];
  if (command !== undefined) parts.push(`-n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`);
  if (flag.short !== undefined) parts.push(`-s ${flag.short}`);
  parts.push(`-l ${flag.name}`);
  // -x: needs a value, which is no file; -r -F: needs one, which is.
  if (flag.complete === 'file') parts.push('-r -F');
  else if (flag.type !== 'boolean') parts.push('-x');
  if (flag.complete === 'directory') parts.push(`-a ${quote('(__fish_complete_directories)')}`);
  if (offered(flag).length > 0) parts.push(`-a ${quote(offered(flag).join(' '))}`);
  return [...parts, `-d ${quote(flag.summary)}`].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}

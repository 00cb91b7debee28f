import type { Argument, Command, Flag } from '../command.js';
import { flagsOf } from '../usage.js';

/** Every spelling that a shell may offer for a flag. */
export function spellings(flag: Flag): readonly string[] {
  return flag.short === undefined ? [`--${flag.name}`] : [`--${flag.name}`, `-${flag.short}`];
}

/** Values that a shell may offer behind a flag or as an argument. */
export function offered(thing: Flag | Argument): readonly string[] {
  return thing.choices ?? ('suggestions' in thing ? (thing.suggestions ?? []) : []);
}

/** Every flag of the program once. */
export function allFlags(commands: readonly Command[]): readonly Flag[] {
  const byName = new Map<string, Flag>();
  for (const flag of [...commands.flatMap((command) => command.flags), ...flagsOf(undefined)]) {
    if (!byName.has(flag.name)) byName.set(flag.name, flag);
  }
  return [...byName.values()];
}

/** Words that the first argument of a verb may be. */
export function argumentWords(command: Command, commands: readonly Command[]): readonly string[] {
  if (command.name === 'help') return commands.map((each) => each.name);
  return command.arguments[0] === undefined ? [] : offered(command.arguments[0]);
}

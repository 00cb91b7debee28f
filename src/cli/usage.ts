import type { Argument, Command, Flag } from './command.js';
import type { FlagValues } from './flag-values.js';
import { commonFlags, confirmFlags, helpFlags } from './flags.js';
import { nearest } from './nearest.js';

/** A mistake on the command line. A value, because the error classes are loaded only where one is reported. */
export interface UsageProblem {
  readonly message: string;
  readonly hint: string;
  /** The flag at fault, without its dashes. */
  readonly flag?: string;
}

/** The flags that a verb takes, its own first. */
export function flagsOf(command: Command | undefined): readonly Flag[] {
  return [...(command?.flags ?? []), ...commonFlags, ...confirmFlags, ...helpFlags];
}

export function unknownVerb(verb: string, commands: readonly Command[]): UsageProblem {
  const near = nearest(
    verb,
    commands.map((command) => command.name),
  );
  const hint = near === undefined ? 'See what there is: --help' : `Did you mean ${near}? All verbs: --help`;
  return { message: `There is no verb ${quoted(verb)}.`, hint };
}

export function unknownFlag(
  rawName: string,
  command: Command | undefined,
  commands: readonly Command[],
): UsageProblem {
  const flag = rawName.replace(/^-+/, '');
  const message = `There is no flag ${rawName}${command === undefined ? '' : ` for ${command.name}`}.`;
  if (/pass(word|wd)?$/i.test(flag)) {
    const hint =
      'A password in a flag is seen by everyone on the machine: set PGPASSWORD or DATABASE_URL instead.';
    return { message, hint, flag };
  }
  const near = nearest(
    flag,
    flagsOf(command).map((each) => each.name),
  );
  if (near !== undefined) return { message, hint: `Did you mean --${near}?`, flag };
  const owners = commands
    .filter((each) => each.flags.some((own) => own.name === flag))
    .map((each) => each.name);
  if (owners.length > 0) return { message, hint: `It belongs to ${listed(owners)}.`, flag };
  const help = command === undefined ? '--help' : `${command.name} --help`;
  return { message, hint: `See the flags there are: ${help}`, flag };
}

/** A value that is none of the choices of a flag or an argument. */
export function wrongChoice(what: string, value: string, choices: readonly string[]): UsageProblem {
  const near = nearest(value, choices);
  const hint = `${near === undefined ? '' : `Did you mean ${near}? `}It takes ${listed(choices)}.`;
  return { message: `${what} does not take ${quoted(value)}.`, hint };
}

/** Flags of which only one may be given. */
export function contradiction(command: Command, flags: FlagValues): UsageProblem | undefined {
  for (const group of [...(command.exclusive ?? []), ['quiet', 'verbose']]) {
    const [first, second] = group.filter((name) => flags.has(name));
    if (first === undefined || second === undefined) continue;
    const message = `The flags --${first} and --${second} contradict each other.`;
    return { message, hint: `Give one of ${listed(group.map((name) => `--${name}`))}.`, flag: second };
  }
  return undefined;
}

/** Arguments that are missing, too many, or none of the choices. */
export function wrongArguments(command: Command, args: readonly string[]): UsageProblem | undefined {
  const help = `See ${command.name} --help.`;
  const missing = command.arguments.find(
    (argument, index) => argument.required && (args[index] ?? '') === '',
  );
  if (missing !== undefined)
    return { message: `The verb ${command.name} needs ${described(missing)}.`, hint: help };
  for (const [index, argument] of command.arguments.entries()) {
    const value = args[index];
    if (value === undefined || argument.choices === undefined || argument.choices.includes(value)) continue;
    return wrongChoice(`The verb ${command.name}`, value, argument.choices);
  }
  const extra = args[command.arguments.length];
  if (extra === undefined) return undefined;
  const why = command.arguments.length === 0 ? 'It takes flags only.' : 'Quote a text that has spaces.';
  return { message: `The verb ${command.name} does not take ${quoted(extra)}.`, hint: `${why} ${help}` };
}

function described(argument: Argument): string {
  return argument.choices === undefined
    ? `<${argument.name}>: ${argument.summary}`
    : `<${argument.name}>: ${listed(argument.choices)}`;
}

/** What was typed, in quotes; a URL without its password. */
export function quoted(text: string): string {
  return JSON.stringify(text.replace(/:\/\/[^\s/]*@/, '://***@'));
}

export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}

import { parseArgs } from 'node:util';
import type { Command, Flag } from './command.js';
import { FlagValues, type FlagValue } from './flag-values.js';
import {
  contradiction,
  flagsOf,
  quoted,
  unknownFlag,
  unknownVerb,
  wrongArguments,
  wrongChoice,
  type UsageProblem,
} from './usage.js';

/** What the words on the command line mean. */
export type Parsed =
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly flags: FlagValues;
      readonly args: readonly string[];
    }
  | { readonly kind: 'help'; readonly command: Command | null; readonly flags: FlagValues }
  | { readonly kind: 'version'; readonly flags: FlagValues }
  | { readonly kind: 'problem'; readonly problem: UsageProblem; readonly flags: FlagValues };

interface GivenFlag {
  readonly name: string;
  /** With its dashes, as typed. */
  readonly rawName: string;
  readonly value: string | undefined;
  /** Written with `=`. */
  readonly inline: boolean;
}

interface Words {
  readonly given: readonly GivenFlag[];
  readonly positionals: readonly string[];
}

/** Reads the command line by the table of verbs. */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): Parsed {
  const words = split(argv, commands);
  const [verb, ...args] = words.positionals;
  const command = commands.find((each) => each.name === verb);
  const { flags, problem } = readFlags(words.given, command, commands);
  if (problem !== undefined) return { kind: 'problem', problem, flags };
  if (flags.on('version')) return { kind: 'version', flags };
  if (command?.name === 'help') return help(args[0], flags, commands);
  if (flags.on('help')) return help(verb, flags, commands);
  if (verb === undefined) return noVerb(flags);
  if (command === undefined) return { kind: 'problem', problem: unknownVerb(verb, commands), flags };
  const misuse = contradiction(command, flags) ?? wrongArguments(command, args);
  if (misuse !== undefined) return { kind: 'problem', problem: misuse, flags };
  return { kind: 'run', command, flags, args };
}

function help(topic: string | undefined, flags: FlagValues, commands: readonly Command[]): Parsed {
  if (topic === undefined) return { kind: 'help', command: null, flags };
  const command = commands.find((each) => each.name === topic);
  if (command === undefined) return { kind: 'problem', problem: unknownVerb(topic, commands), flags };
  return { kind: 'help', command, flags };
}

function noVerb(flags: FlagValues): Parsed {
  return {
    kind: 'problem',
    problem: { message: 'No verb was given.', hint: 'See what there is: --help' },
    flags,
  };
}

function split(argv: readonly string[], commands: readonly Command[]): Words {
  // Which verb it is shows only while parsing, so the parser knows every flag of every verb;
  // flags of one name therefore have one type, which a test keeps so.
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {};
  for (const flag of [...commands.flatMap((command) => command.flags), ...flagsOf(undefined)]) {
    const type = flag.type === 'boolean' ? 'boolean' : 'string';
    options[flag.name] = flag.short === undefined ? { type } : { type, short: flag.short };
  }
  const { tokens } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const given: GivenFlag[] = [];
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind === 'option')
      given.push({ ...token, value: token.value, inline: token.inlineValue === true });
  }
  return { given, positionals };
}

function readFlags(given: readonly GivenFlag[], command: Command | undefined, commands: readonly Command[]) {
  const values = new Map<string, FlagValue>();
  const accepted = flagsOf(command);
  let problem: UsageProblem | undefined;
  for (const each of given) {
    const flag = accepted.find((known) => known.name === each.name);
    const read = flag === undefined ? unknownFlag(each.rawName, command, commands) : readFlag(flag, each);
    if (typeof read === 'object' && 'message' in read) problem ??= read;
    else values.set(each.name, merged(values.get(each.name), read));
  }
  return { flags: new FlagValues(values), problem };
}

function merged(before: FlagValue | undefined, value: FlagValue): FlagValue {
  return typeof before === 'object' && typeof value === 'object' ? [...before, ...value] : value;
}

function readFlag(flag: Flag, { rawName, value, inline }: GivenFlag): FlagValue | UsageProblem {
  if (flag.type === 'boolean') {
    if (value === undefined) return true;
    return {
      message: `The flag ${rawName} takes no value.`,
      hint: `Write ${rawName} alone, or leave it out.`,
      flag: flag.name,
    };
  }
  // `--to --json` is a forgotten value far more often than a migration of that name.
  const forgotten =
    value === undefined || value === '' || (!inline && value.length > 1 && value.startsWith('-'));
  if (forgotten) {
    const hint = `Write --${flag.name} <${flag.value ?? 'value'}>; a value that begins with a dash goes behind =.`;
    return { message: `The flag ${rawName} needs a value.`, hint, flag: flag.name };
  }
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    return { ...wrongChoice(`The flag ${rawName}`, value, flag.choices), flag: flag.name };
  }
  if (flag.type === 'number') return readNumber(flag, rawName, value);
  if (flag.type === 'string') return value;
  return flag.split === true ? commaSeparated(value) : [value];
}

function readNumber(flag: Flag, rawName: string, value: string): number | UsageProblem {
  const least = flag.min ?? 1;
  if (/^\d{1,9}$/.test(value) && Number(value) >= least) return Number(value);
  const hint = `It takes a whole number from ${least} up.`;
  return { message: `The flag ${rawName} does not take ${quoted(value)}.`, hint, flag: flag.name };
}

function commaSeparated(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

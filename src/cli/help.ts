import type { Argument, Command, Flag, GroupName } from './command.js';
import { commonFlags, confirmFlags, helpFlags } from './flags.js';
import type { Look } from './look.js';
import { displayWidth, padEnd, proseWidth, wrap } from './render/text.js';

const groups: readonly (readonly [GroupName, string])[] = [
  ['everyday', 'Every day'],
  ['inspect', 'Look'],
  ['set-up', 'Set up'],
  ['server', 'Embedded server'],
  ['shell', 'Shell'],
];

/** All verbs, in groups. */
export function renderHelp(commands: readonly Command[], program: string, look: Look): string {
  const names = Math.max(...commands.map((command) => command.name.length));
  const sections = groups.flatMap(([group, title]) => {
    const members = commands.filter((command) => command.group === group);
    const entries = members.map((command) => [command.name, command.summary] as const);
    return ['', look.style.bold(title), ...pairs(entries, names, look, look.style.cyan)];
  });
  return [
    'Raises and lowers a PostgreSQL database, one migration at a time.',
    '',
    `${look.style.bold('Usage')}  ${program} <verb> [flags]`,
    ...sections,
    '',
    look.style.bold('Flags of every verb'),
    ...flagLines([...commonFlags, ...helpFlags], look),
    '',
    `What a verb can do: ${look.style.cyan(`${program} help <verb>`)}`,
  ].join('\n');
}

/** One verb: usage, arguments, flags, examples. */
export function renderCommandHelp(command: Command, program: string, look: Look): string {
  const own = [...command.flags, ...(command.dangerous === true ? confirmFlags : [])];
  const usage = [program, command.name, ...command.arguments.map(placeholder), '[flags]'].join(' ');
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', look.style.bold(title), ...lines];
  const exampleWidth = Math.max(
    ...command.examples.map((example) => program.length + 1 + example.line.length),
  );
  return [
    `${command.summary}.`,
    ...(command.about === undefined
      ? []
      : ['', ...wrap(command.about, Math.min(proseWidth(look.width), 80))]),
    '',
    `${look.style.bold('Usage')}  ${usage}`,
    ...section('Arguments', argumentLines(command.arguments, look)),
    ...section('Flags', flagLines(own, look)),
    ...section('Flags of every verb', flagLines([...commonFlags, ...helpFlags.slice(0, 1)], look)),
    ...section(
      'Examples',
      pairs(
        command.examples.map(({ line, does }) => [`${program} ${line}`, does] as const),
        exampleWidth,
        look,
        look.style.cyan,
      ),
    ),
  ].join('\n');
}

function placeholder(argument: Argument): string {
  const name = argument.choices?.join('|') ?? argument.name;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function argumentLines(list: readonly Argument[], look: Look): readonly string[] {
  const entries = list.map((argument) => [`<${argument.name}>`, argument.summary] as const);
  return pairs(entries, Math.max(0, ...entries.map(([left]) => left.length)), look);
}

function flagLines(flags: readonly Flag[], look: Look): readonly string[] {
  const entries = flags.map((flag) => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
    return [
      `${short}--${flag.name}${flag.value === undefined ? '' : ` <${flag.value}>`}`,
      flag.summary,
    ] as const;
  });
  return pairs(entries, Math.max(0, ...entries.map(([left]) => left.length)), look);
}

/** Two columns; where the terminal is narrow the right one goes below the left, further in than a flag's long name. */
function pairs(
  entries: readonly (readonly [string, string])[],
  left: number,
  look: Look,
  paint: (text: string) => string = (text) => text,
): readonly string[] {
  const below = look.width - left - 4 < 24;
  const edge = below ? 10 : left + 4;
  return entries.flatMap(([head, text]) => {
    const lines = wrap(text, proseWidth(look.width) - edge);
    if (below) return [`  ${paint(head)}`, ...lines.map((line) => ' '.repeat(edge) + line)];
    const first = `  ${paint(head)}${padEnd('', left - displayWidth(head))}  ${lines[0] ?? ''}`;
    return [first, ...lines.slice(1).map((line) => ' '.repeat(edge) + line)];
  });
}

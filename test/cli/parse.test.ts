import { describe, expect, it } from 'vitest';
import { actions } from '../../src/cli/actions.js';
import type { Command } from '../../src/cli/command.js';
import { parseCommandLine } from '../../src/cli/parse.js';
import { commands } from '../../src/cli/table.js';
import { flagsOf } from '../../src/cli/usage.js';

const parse = (line: string) =>
  parseCommandLine(
    line.split(' ').filter((word) => word !== ''),
    commands,
  );

const problemOf = (line: string): string => {
  const parsed = parse(line);
  return parsed.kind === 'problem' ? `${parsed.problem.message} ${parsed.problem.hint}` : parsed.kind;
};

const ran = (line: string) => {
  const parsed = parse(line);
  if (parsed.kind !== 'run') throw new Error(`${line} was not understood: ${JSON.stringify(parsed)}`);
  return parsed;
};

describe('a command line', () => {
  it('names a verb, with flags before and behind it', () => {
    const { command, flags } = ran('--env test up --to 1.4.0 --dry-run -v -C sub --json');
    expect(command.name).toBe('up');
    expect(['env', 'to', 'cwd'].map((name) => flags.text(name))).toEqual(['test', '1.4.0', 'sub']);
    expect(['dry-run', 'verbose', 'json'].map((name) => flags.on(name))).toEqual([true, true, true]);
  });

  it('leaves what was not given undefined, because a flag has no default', () => {
    const { flags } = ran('up');
    expect([flags.text('to'), flags.number('steps'), flags.list('tags'), flags.boolean('dry-run')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('joins repeated lists, and splits those that are written with commas', () => {
    expect(ran('up --tags a,b --tags c').flags.list('tags')).toEqual(['a', 'b', 'c']);
    const columns = ran('new x --column a:numeric(10,2) --column b:text').flags.list('column');
    expect(columns).toEqual(['a:numeric(10,2)', 'b:text']);
  });

  it('takes a value that begins with a dash behind an equals sign, and words behind --', () => {
    expect(ran('up --to=-1').flags.text('to')).toBe('-1');
    expect(ran('new -- --odd').args).toEqual(['--odd']);
  });

  it.each([
    ['', 'No verb was given. See what there is: --help'],
    ['upp', 'There is no verb "upp". Did you mean up? All verbs: --help'],
    ['statsu', 'There is no verb "statsu". Did you mean status? All verbs: --help'],
    ['migrate', 'There is no verb "migrate". See what there is: --help'],
    ['help upp', 'There is no verb "upp". Did you mean up? All verbs: --help'],
    ['up --stpes 3', 'There is no flag --stpes for up. Did you mean --steps?'],
    ['up --check', 'There is no flag --check for up. It belongs to status.'],
    ['up --nonsense', 'There is no flag --nonsense for up. See the flags there are: up --help'],
    ['up -x', 'There is no flag -x for up. See the flags there are: up --help'],
    [
      'up --to',
      'The flag --to needs a value. Write --to <migration>; a value that begins with a dash goes behind =.',
    ],
    [
      'up --to --json',
      'The flag --to needs a value. Write --to <migration>; a value that begins with a dash goes behind =.',
    ],
    ['up --steps 0', 'The flag --steps does not take "0". It takes a whole number from 1 up.'],
    ['up --steps 1e3', 'The flag --steps does not take "1e3". It takes a whole number from 1 up.'],
    [
      'up --lock-retries=-1',
      'The flag --lock-retries does not take "-1". It takes a whole number from 0 up.',
    ],
    ['up --dry-run=false', 'The flag --dry-run takes no value. Write --dry-run alone, or leave it out.'],
    ['new x --format tss', 'The flag --format does not take "tss". Did you mean ts? It takes sql or ts.'],
    [
      'up --to 3 --steps 2',
      'The flags --to and --steps contradict each other. Give one of --to, --steps or --only.',
    ],
    [
      'down --batch --all',
      'The flags --batch and --all contradict each other. Give one of --to, --steps, --only, --batch or --all.',
    ],
    [
      'status -q -v',
      'The flags --quiet and --verbose contradict each other. Give one of --quiet or --verbose.',
    ],
    ['down --tags blog', 'There is no flag --tags for down. It belongs to up.'],
    ['new', 'The verb new needs <name>: What it does, e.g. create_users. See new --help.'],
    ['new create users', 'The verb new does not take "users". Quote a text that has spaces. See new --help.'],
    ['status now', 'The verb status does not take "now". It takes flags only. See status --help.'],
    ['db', 'The verb db needs <action>: start, stop, status or url. See db --help.'],
    [
      'db strat',
      'The verb db does not take "strat". Did you mean start? It takes start, stop, status or url.',
    ],
    ['completion tcsh', 'The verb completion does not take "tcsh". It takes bash, zsh or fish.'],
  ])('%j is refused with the way out', (line, message) => {
    expect(problemOf(line)).toBe(message);
  });

  it('never repeats a password, and takes none as a flag', () => {
    expect(problemOf('status postgres://app:sesame@db/app')).toContain('"postgres://***@db/app"');
    expect(problemOf('up --password sesame')).toBe(
      'There is no flag --password for up. A password in a flag is seen by everyone on the machine: set PGPASSWORD or DATABASE_URL instead.',
    );
  });

  it('asks for help in every usual way', () => {
    const topic = (line: string): string | null => {
      const parsed = parse(line);
      return parsed.kind === 'help' ? (parsed.command?.name ?? 'all') : null;
    };
    expect(['--help', '-h', 'help', 'help up', 'up --help', 'new -h', 'help --help'].map(topic)).toEqual([
      'all',
      'all',
      'all',
      'up',
      'up',
      'new',
      'all',
    ]);
    expect([parse('--version').kind, parse('-V').kind, parse('up --version').kind]).toEqual(
      Array(3).fill('version'),
    );
  });
});

describe('the table of verbs', () => {
  it('has a verb for every action, and an action for every verb', () => {
    const verbs = commands
      .map((command) => command.name)
      .filter((name) => !['help', 'completion'].includes(name));
    expect(Object.keys(actions).sort()).toEqual(verbs.sort());
  });

  it('gives flags of one name one type, because the parser reads them before it knows the verb', () => {
    const kinds = new Map<string, Set<boolean>>();
    for (const flag of commands.flatMap((command) => flagsOf(command))) {
      kinds.set(flag.name, (kinds.get(flag.name) ?? new Set()).add(flag.type === 'boolean'));
    }
    expect([...kinds].filter(([, types]) => types.size > 1)).toEqual([]);
  });

  it('has no name, flag or short form twice', () => {
    const twice = (names: readonly string[]) => names.filter((name, index) => names.indexOf(name) !== index);
    expect(twice(commands.map((command) => command.name))).toEqual([]);
    for (const command of commands) {
      const flags = flagsOf(command);
      expect(twice(flags.map((flag) => flag.name))).toEqual([]);
      expect(twice(flags.flatMap((flag) => flag.short ?? []))).toEqual([]);
    }
  });

  it('gives destructive verbs no short flag of their own', () => {
    const dangerous = commands.filter((command) => command.dangerous === true);
    expect(dangerous.map((command) => command.name)).toContain('fresh');
    expect(dangerous.flatMap((command) => command.flags.map((flag) => flag.short ?? ''))).toEqual(
      dangerous.flatMap((command) => command.flags.map(() => '')),
    );
  });

  it.each(commands.flatMap((command: Command) => command.examples.map(({ line }) => line)))(
    'shows the example %j, which is understood',
    (line) => {
      const words = line.replace(/ (>>?) .*$/, '').match(/"[^"]*"|\S+/g) ?? [];
      const parsed = parseCommandLine(
        words.map((word) => word.replaceAll('"', '')),
        commands,
      );
      expect(['run', 'help']).toContain(parsed.kind);
    },
  );
});

// Renders the records of a run as Markdown.
import { cpus, release, totalmem, type } from 'node:os';
import { checks, milliseconds, range, spaced } from './checks.mjs';
import { pairedRatios, summary } from './statistics.mjs';

export function renderReport(run) {
  return [
    '# Speed',
    introduction(run),
    ...(run.rebuilt ? ['**`dist` was built anew while this ran: the figures mix two programs.**'] : []),
    '## What Lockkeeper promises',
    promises(run),
    ...rivalSections(run),
    ...failureSection(run),
    '## Machine and versions',
    machine(run),
    '',
  ].join('\n\n');
}

const introduction = ({ options }) =>
  `Output of \`npm run bench\`${options.complete ? '' : ' (not a complete run)'} on ${options.date}. Whole processes are measured, from start to exit, against a
server of the bench's own with the default \`fsync\` and \`synchronous_commit\`. Every contestant runs once per round, in
turned order; a ratio is the median of the ratios of the rounds, with the smallest and largest in parentheses. Times beside
them are medians. *Floor script* is \`bench/floor.mjs\`, bundled like Lockkeeper; *psql* is one psql process that does BEGIN,
file, history row, COMMIT for each file. All but Lockkeeper wait for the disk at every COMMIT; Lockkeeper does at the last
one of a run, which makes those before it durable too, and at every one with \`synchronousCommit: true\`. Each file makes one table (primary key, two text columns) and one index.`;

/** The promised table; also used for the summary on the terminal. */
export function promises({ records }) {
  const lines = checks.map((check) => check(records)).filter((line) => line !== null);
  return markdownTable(
    ['case', 'lockkeeper', 'against', 'ratio or figure', 'target', ''],
    lines.map(({ what, ours, against, found, target, verdict }) => [
      what,
      ours,
      against,
      found,
      target ?? '–',
      verdict === 'MISS' ? '**MISS**' : verdict,
    ]),
  );
}

export function countVerdicts({ records }) {
  const lines = checks.map((check) => check(records)).filter((line) => line !== null);
  return {
    passed: lines.filter((line) => line.verdict === 'pass').length,
    missed: lines.filter((line) => line.verdict === 'MISS').length,
  };
}

const titles = {
  start: () => '`--version`',
  up: (count) => `\`up\`, ${count} files`,
  ts: (count) => `\`up\`, ${count} TypeScript files`,
  status: (count) => `\`status\`, ${count} applied`,
  noop: (count) => `\`up\` with nothing pending, ${count} applied`,
  down: (count) => `roll back all ${count}`,
};

/** Where even the floor script is behind a Go program, Node's own start decides; that is shown, and not judged. */
function startDecides(runs, here) {
  const floor = here.filter((each) => each.kind === 'floor' || each.kind === 'node');
  const ratio = summary(pairedRatios(runs, floor, 'wallMs'));
  return ratio !== null && ratio.median < 1;
}

function rivalSections({ records, rivalProblem }) {
  const scenarios = [
    ...new Set(records.filter((each) => each.kind === 'rival').map((each) => each.scenario)),
  ];
  const intro = `× is the rival's wall time divided by Lockkeeper's in the same round: above 1, Lockkeeper is ahead. The tools differ
in what they check and how they commit, so equal times do not mean equal work: node-pg-migrate (by default), kysely and
drizzle run everything in one transaction. dbmate is written in Go: where even the floor script (or \`node -e 0\`) is behind it,
Node's own start decides, and it is shown without a verdict.`;
  const sections = scenarios.flatMap((id) => [rivalTitle(id), rivalTable(records, id)]);
  const problem = rivalProblem ? [`The rivals could not be installed: ${rivalProblem}`] : [];
  if (sections.length === 0 && problem.length === 0) return [];
  return ['## Rivals', intro, standings(records, scenarios), ...problem, ...sections];
}

/** Where Lockkeeper is behind is said first, not left to be found in the tables. */
function standings(records, scenarios) {
  const rows = scenarios.flatMap((id) => rivalRows(records, id).map((row) => ({ ...row, id })));
  const judged = rows.filter((row) => row.ahead !== null);
  const behind = judged.filter((row) => !row.ahead);
  const names = behind.map(({ label, id, ratio }) => `${label} in ${id} (× ${ratio.median.toFixed(2)})`);
  const where = names.length === 0 ? 'behind none.' : `behind ${names.join(', ')}.`;
  return `**Lockkeeper is ahead in ${judged.length - behind.length} of ${judged.length} comparisons; ${where}**`;
}

function rivalTitle(id) {
  const [verb, count] = id.split('-');
  return `### ${titles[verb]?.(spaced(Number(count))) ?? id}`;
}

const ourKeys = { start: 'version', ts: 'ours-ts-strings' };

function rivalTable(records, id) {
  const rows = rivalRows(records, id).sort(
    (a, b) => (a.wall?.median ?? Infinity) - (b.wall?.median ?? Infinity),
  );
  return markdownTable(
    ['tool', 'wall time: median (min–max)', '×', 'client CPU', 'peak memory', 'Lockkeeper ahead'],
    rows.map(rivalCells),
  );
}

function rivalRows(records, id) {
  const here = records.filter((each) => each.scenario === id);
  const ourKey = ourKeys[id.split('-')[0]] ?? 'ours';
  const shown = here.filter((each) => each.kind !== 'ours' || each.key === ourKey);
  const ours = here.filter((each) => each.key === ourKey);
  const keys = [...new Set(shown.map((each) => each.key))];
  return keys.map((key) =>
    rivalRow(
      shown.filter((each) => each.key === key),
      ours,
      here,
    ),
  );
}

function rivalRow(runs, ours, here) {
  const [{ label, kind, language }] = runs;
  const good = runs.filter((run) => run.ok);
  const [wall, cpu, rss] = ['wallMs', 'cpuMs', 'rssMb'].map((field) =>
    summary(good.map((run) => run[field])),
  );
  const ratio = kind === 'ours' ? null : summary(pairedRatios(runs, ours, 'wallMs'));
  const byNature = language === 'Go' && startDecides(good, here);
  const ahead = kind === 'rival' && !byNature && ratio !== null ? ratio.median > 1 : null;
  return { label, kind, wall, cpu, rss, ratio, ahead };
}

function rivalCells({ label, kind, wall, cpu, rss, ratio, ahead }) {
  const name = kind === 'ours' ? `**${label}**` : label;
  if (wall === null) return [name, 'failed', '–', '–', '–', '–'];
  return [
    name,
    `${milliseconds(wall)} (${wall.min.toFixed(0)}–${wall.max.toFixed(0)})`,
    ratio === null ? '–' : range(ratio),
    milliseconds(cpu),
    rss === null ? '–' : `${rss.median.toFixed(0)} MB`,
    ahead === null ? '–' : ahead ? 'yes' : '**no**',
  ];
}

function failureSection({ failures, clean }) {
  if (failures.length === 0) return [];
  const rows = failures.map(({ scenario, label, problem }) => [
    scenario,
    label,
    `\`${clean(problem)
      .replace(/[\s|`]+/g, ' ')
      .slice(0, 400)}\``,
  ]);
  return ['## Failures', markdownTable(['scenario', 'who', 'what it said'], rows)];
}

function machine({ versions, load, timer, minutes, settings }) {
  const all = cpus();
  const quiet = summary(load);
  const lines = [
    `${all.length} cores, ${all[0]?.model.trim() ?? 'unknown processor'}; ${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory; ${type()} ${release()}`,
    ...Object.entries(versions).map(([name, version]) => `${name} ${version}`),
    `server settings other than the defaults: ${settings}; \`max_locks_per_transaction = 1024\` for the single transactions only`,
    `measured with ${timer}; MB are 10⁶ bytes, peak memory is that of the largest process`,
    `cores that everything else used between measurements: median ${quiet?.median.toFixed(2) ?? '–'}, most ${quiet?.max.toFixed(2) ?? '–'}`,
    `the run took ${minutes.toFixed(1)} minutes`,
  ];
  return lines.map((line) => `- ${line}`).join('\n');
}

function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

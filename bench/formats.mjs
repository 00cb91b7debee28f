// Measures Lockkeeper on other tools' folders, as they are, against those tools: up, status and down of the same files,
// whole processes, in alternating order; and `status` of a large folder against listing and hashing it.
// `node bench/formats.mjs --help` lists the options. Build first.
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { program } from './contestants.mjs';
import { createMeasure, findTimer } from './measure.mjs';
import { installRivals, rivals } from './rivals.mjs';
import { BenchServer, findPrograms } from './server.mjs';
import { forEachNumber, upSql, version, write, table } from './workload.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const results = join(here, 'FORMATS.md');

const usage = `usage: node bench/formats.mjs [options]

  --count n       migrations of each project (default 1000)
  --files n       files of the folder whose status is compared with listing and hashing (default 5000)
  --rounds n      rounds, in alternating order (default 3)
  --only a,b      formats
  --postgres x    a major under /usr/lib/postgresql, a folder of programs, or 'embedded'
  --write         writes the table to bench/FORMATS.md
`;

/** What Lockkeeper is told of the folder that the rival's own writer has made. */
const formats = {
  knex: { format: 'knex' },
  'node-pg-migrate-each': { format: 'node-pg-migrate', dir: 'migrations' },
  'drizzle-orm': { format: 'drizzle', dir: 'drizzle' },
  kysely: { format: 'kysely', dir: 'migrations' },
  'db-migrate': { format: 'db-migrate', dir: 'migrations' },
  dbmate: { format: 'dbmate', dir: 'migrations' },
  'graphile-migrate': { format: 'graphile-migrate', dir: 'migrations' },
};

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    files: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    postgres: { type: 'string' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
async function main() {
  const problem = installRivals();
  if (problem !== null) throw new Error(`The tools to compare with could not be installed: ${problem}`);
  const work = mkdtempSync(join(tmpdir(), 'lockkeeper-bench-'));
  chmodSync(work, 0o755);
  const server = new BenchServer(findPrograms(values.postgres, work), work);
  const lines = [];
  const say = (line) => {
    console.log(line);
    lines.push(line);
  };
  try {
    await server.start();
    const bench = { server, work, measure: createMeasure(findTimer(), work), projects: 0 };
    const rounds = Number(values.rounds);
    say(heading(server.version, rounds));
    say('| folder of | verb | tool | Lockkeeper | ratio | range |\n|---|---|---|---|---|---|');
    for (const rival of chosen()) await compare(bench, rival, rounds, say);
    say(`\n${await compareStatus(bench, rounds)}`);
    if (values.write) writeFileSync(results, `${lines.join('\n')}\n`);
  } finally {
    await server.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

const heading = (serverVersion, rounds) => `# Other tools' folders, run by Lockkeeper

<!-- Written by bench/formats.mjs --write. Do not edit. -->

${new Date().toISOString().slice(0, 10)}, PostgreSQL ${serverVersion}, Node ${process.version}: ${values.count} migrations of one table and one index each,
whole processes, medians of ${rounds} rounds in alternating order. The ratio is ours to theirs, of the medians; the range that of the rounds.
`;

function chosen() {
  const wanted = values.only?.split(',') ?? Object.values(formats).map(({ format }) => format);
  return rivals.filter(({ key }) => formats[key] !== undefined && wanted.includes(formats[key].format));
}

/** Both do the same verbs in the same order, on a folder and a database of their own. */
async function compare(bench, rival, rounds, say) {
  const times = {};
  for (let round = 0; round < rounds; round++) {
    const contestants = [
      { name: 'theirs', run: await prepareTheirs(bench, rival) },
      { name: 'ours', run: await prepareOurs(bench, rival) },
    ];
    for (const verb of ['up', 'status', 'down']) {
      for (const { name, run } of round % 2 === 0 ? contestants : contestants.toReversed()) {
        const call = run(verb);
        if (call === null) continue;
        const { wallMs, code, output } = await bench.measure(call);
        if (code !== 0) {
          say(`| ${rival.label} | ${verb} | | failed (${name}): ${firstLine(output)} | | |`);
          return;
        }
        ((times[verb] ??= {})[name] ??= []).push(wallMs);
      }
    }
  }
  for (const [verb, { ours, theirs }] of Object.entries(times)) say(row(rival.label, verb, { ours, theirs }));
}

function row(label, verb, { ours, theirs }) {
  if (theirs === undefined) return `| ${label} | ${verb} | has none | ${seconds(median(ours))} | | |`;
  const ratios = ours.map((ms, index) => ms / theirs[index]);
  const range = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  const ratio = (median(ours) / median(theirs)).toFixed(2);
  return `| ${label} | ${verb} | ${seconds(median(theirs))} | ${seconds(median(ours))} | ${ratio} | ${range} |`;
}

async function project(bench, rival) {
  const url = bench.server.url(await bench.server.createDatabase());
  const folder = join(bench.work, `project-${++bench.projects}`);
  mkdirSync(folder);
  const count = Number(values.count);
  rival.write(folder, count);
  rival.configure?.(folder, url);
  return { folder, url, count };
}

async function prepareTheirs(bench, rival) {
  const { folder, url, count } = await project(bench, rival);
  return (verb) => rival[verb]?.(folder, url, count) ?? null;
}

async function prepareOurs(bench, rival) {
  const { folder, url } = await project(bench, rival);
  writeFileSync(join(folder, 'lockkeeper.config.json'), JSON.stringify({ migrations: formats[rival.key] }));
  const verbs = { up: ['up', '--yes'], status: ['status'], down: ['down', '--all', '--yes'] };
  return (verb) =>
    verb === 'down' && rival.down === undefined
      ? null
      : { command: program, args: [...verbs[verb], '--url', url, '-C', folder], env: { DATABASE_URL: url } };
}

/** `status` reads and hashes every file once; what else it does should not cost as much again. */
async function compareStatus(bench, rounds) {
  const files = Number(values.files);
  const folder = join(bench.work, 'large');
  const url = bench.server.url(await bench.server.createDatabase());
  forEachNumber(files, (number) =>
    write(folder, `prisma/migrations/${version(number)}_${table(number)}/migration.sql`, upSql(number)),
  );
  write(folder, 'prisma/migrations/migration_lock.toml', 'provider = "postgresql"\n');
  write(
    folder,
    'lockkeeper.config.json',
    JSON.stringify({ migrations: { dir: 'prisma/migrations', format: 'prisma' } }),
  );
  write(folder, 'hash.mjs', `(${hashAll.toString()})(${JSON.stringify(join(folder, 'prisma/migrations'))});`);
  const ours = { command: program, args: ['status', '--url', url, '-C', folder] };
  // What is listed is imported by the script itself, so that it is one process as ours is.
  const imports = `import { createHash } from 'node:crypto'; import { readdirSync, readFileSync } from 'node:fs'; import { join } from 'node:path';\n`;
  writeFileSync(join(folder, 'hash.mjs'), imports + readFileSync(join(folder, 'hash.mjs'), 'utf8'));
  const hash = { command: process.execPath, args: [join(folder, 'hash.mjs')] };
  const times = { ours: [], hash: [] };
  for (let round = 0; round < rounds * 3; round++) {
    for (const [name, call] of Object.entries({ hash, ours })) {
      const { wallMs, code, output } = await bench.measure(call);
      if (code !== 0) throw new Error(`${name}: ${firstLine(output)}`);
      times[name].push(wallMs);
    }
  }
  const ratio = median(times.ours) / median(times.hash);
  return `\`status\` of a Prisma folder of ${files} files, all pending: ${seconds(median(times.ours))}; a script that lists and hashes them: ${seconds(median(times.hash))}; ratio ${ratio.toFixed(2)} (target: 2).`;
}

/** Runs in a process of its own. */
function hashAll(dir) {
  const hashes = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) =>
      createHash('sha256')
        .update(readFileSync(join(dir, entry.name, 'migration.sql')))
        .digest('hex'),
    );
  console.log(hashes.length);
}

function firstLine(text) {
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.slice(0, 200) ?? ''
  );
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

if (values.help) console.log(usage);
else await main();

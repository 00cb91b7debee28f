// Measures a backfill against one UPDATE of the same rows: the time of both, how long a writer on the rows has to wait,
// and rows per second at two sizes. `node bench/backfill.mjs --help` lists the options. Build first.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { range, spaced } from './checks.mjs';
import { BenchServer, findPrograms } from './server.mjs';
import { median, summary } from './statistics.mjs';

const usage = `usage: node bench/backfill.mjs [options]

  --rows n        rows of the comparison with one UPDATE (default 2000000)
  --rounds n      rounds of it, each both ways, in alternating order (default 3)
  --large n       rows of the large table, whose rows/s is compared with 10,000 (default 0: left out; the promise is about 10000000)
  --out file      a page with the figures (default: none; the one that is checked in is bench/BACKFILL.md)
  --postgres x    a major under /usr/lib/postgresql, a folder of programs, or 'embedded'
`;

/** Room for what one round writes, so that no checkpoint and no new file of the log falls into one way only. */
const settings = { max_wal_size: '8GB', min_wal_size: '6GB', shared_buffers: '512MB' };

const statement = 'update person set lower_name = lower(name) where lower_name is null';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    large: { type: 'string', default: '0' },
    out: { type: 'string' },
    postgres: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(usage);
else await main(Number(values.rows), Number(values.rounds), Number(values.large));

async function main(rows, rounds, large) {
  const { createLockkeeper } = await import('../dist/index.js');
  const work = mkdtempSync(join(tmpdir(), 'lockkeeper-bench-'));
  chmodSync(work, 0o755);
  const server = new BenchServer(findPrograms(values.postgres, work), work);
  try {
    await server.start(settings);
    const bench = { server, work, createLockkeeper, made: 0 };
    console.log(`PostgreSQL ${server.version}, ${rows} rows, ${rounds} rounds`);
    // The first to write makes the files of the write-ahead log, which later ones use again.
    await oneUpdate(bench, rows);
    const report = [
      await compare(bench, { rows, rounds }),
      ...(await contend(bench, rows)),
      ...(large > 0 ? await compareSizes(bench, { large, rounds }) : []),
    ];
    if (values.out !== undefined) writeFileSync(values.out, page(report, { server, rows, rounds }));
  } finally {
    await server.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Both ways on fresh tables, the first one changing from round to round. */
async function compare(bench, { rows, rounds }) {
  const took = { one: [], backfill: [] };
  for (let round = 0; round < rounds; round++) {
    const ways = [
      ['one', () => oneUpdate(bench, rows)],
      ['backfill', () => backfill(bench, rows)],
    ];
    for (const [name, run] of round % 2 === 0 ? ways : ways.toReversed())
      took[name].push((await run()).ms / 1000);
    console.log(
      `round ${round + 1}: one UPDATE ${took.one.at(-1).toFixed(2)} s, backfill ${took.backfill.at(-1).toFixed(2)} s`,
    );
  }
  const ratios = summary(took.backfill.map((seconds, round) => seconds / took.one[round]));
  return line(`${spaced(rows)} rows, whole \`up\` ÷ one UPDATE`, {
    ours: `${median(took.backfill).toFixed(2)} s`,
    against: `${median(took.one).toFixed(2)} s`,
    found: `${range(ratios)}, n = ${rounds}; shortest ÷ shortest ${(Math.min(...took.backfill) / Math.min(...took.one)).toFixed(2)}`,
    target: '≤ 1.15',
    isMet: ratios.median <= 1.15,
  });
}

/** A writer that changes rows of the table, one after another, and how long the worst of them waited. */
async function contend(bench, rows) {
  const cases = [
    { name: 'nobody', run: () => new Promise((resolve) => setTimeout(resolve, 5000, {})) },
    { name: 'a backfill', run: (url) => backfill(bench, rows, url), target: '≤ 100 ms' },
    { name: 'one UPDATE', run: (url) => oneUpdate(bench, rows, url) },
  ];
  const lines = [];
  for (const { name, run, target } of cases) {
    const url = await prepare(bench, rows);
    const writer = await startWriter(url, rows);
    await run(url);
    const waits = (await writer.stop()).toSorted((a, b) => a - b);
    const at = (share) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
    lines.push(
      line(`longest wait of a writer beside ${name}`, {
        ours: `${at(1).toFixed(1)} ms`,
        found: `${spaced(waits.length)} writes: median ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`,
        target,
        isMet: at(1) <= 100,
      }),
    );
  }
  return lines;
}

/**
 * Whether a row costs more in a large table. A small one has a fixed cost (reading the catalog, the journal, first small
 * batches), which makes its rate look worse and so flatters the large one; the figure with that cost taken off, measured on
 * a table of one row, is the one that is held against the target.
 */
async function compareSizes(bench, { large, rounds }) {
  const small = 10_000;
  const times = async (count, run) => {
    const taken = [];
    for (let time = 0; time < count; time++) taken.push(await run());
    return median(taken);
  };
  const steps = (rows, count) => times(count, async () => (await backfill(bench, rows)).stepMs);
  const [fixed, few, many] = [
    await steps(1, rounds + 2),
    await steps(small, rounds + 2),
    await steps(large, 1),
  ];
  const one = (await oneUpdate(bench, large)).ms;
  const oneSmall = await times(rounds + 2, async () => (await oneUpdate(bench, small)).ms);
  const rate = (rows, ms) => (rows / ms) * 1000;
  const asItIs = rate(small, few) / rate(large, many);
  const perRow = rate(small, Math.max(1, few - fixed)) / rate(large, many - fixed);
  const rates = { ours: `${spaced(Math.round(rate(large, many)))} rows/s` };
  return [
    line(`rows/s at ${spaced(small)} ÷ at ${spaced(large)}, whole step`, {
      ...rates,
      against: `${spaced(Math.round(rate(small, few)))} rows/s`,
      found: asItIs.toFixed(2),
      target: '≤ 1.2',
      isMet: asItIs <= 1.2,
    }),
    line(`the same without the fixed ${fixed.toFixed(0)} ms of a step`, {
      ...rates,
      against: `${spaced(Math.round(rate(small, Math.max(1, few - fixed))))} rows/s`,
      found: perRow.toFixed(2),
    }),
    line(`the same of one UPDATE`, {
      ours: `${spaced(Math.round(rate(large, one)))} rows/s`,
      against: `${spaced(Math.round(rate(small, oneSmall)))} rows/s`,
      found: (rate(small, oneSmall) / rate(large, one)).toFixed(2),
    }),
    line(`${spaced(large)} rows, step ÷ one UPDATE`, {
      ours: `${(many / 1000).toFixed(1)} s`,
      against: `${(one / 1000).toFixed(1)} s`,
      found: `${(many / one).toFixed(2)}, n = 1`,
    }),
  ];
}

/** One row of the page; told at once, because the next may take minutes. */
function line(what, { ours, against = '', found, target, isMet }) {
  const verdict = target === undefined ? '' : isMet ? 'pass' : '**MISS**';
  console.log(`${what}: ${[ours, against, found, target ?? '', verdict].filter(Boolean).join(' | ')}`);
  return `| ${[what, ours, against, found, target ?? '–', verdict].join(' | ')} |`;
}

function page(lines, { server, rows, rounds }) {
  const said = Object.entries(settings).map(([name, value]) => `\`${name} = ${value}\``);
  const load = loadavg().map((value) => value.toFixed(1));
  return `# Speed of backfills

Output of \`node bench/backfill.mjs --rows ${rows} --rounds ${rounds}${values.large === '0' ? '' : ` --large ${values.large}`}\` on ${new Date().toISOString().slice(0, 10)}: PostgreSQL ${server.version} with its
defaults (\`fsync\` and \`synchronous_commit\` are on) but for ${said.join(', ')} and \`autovacuum = off\`; ${cpus().length} cores, load
${load.join(', ')} at the end. Every measurement has a table and a database of its own. A ratio is the median of the ratios of the
rounds, with the smallest and largest in parentheses; times beside it are medians. The statement is \`${statement}\`.

| case | lockkeeper | against | ratio or figure | target |  |
| --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`;
}

async function prepare(bench, rows) {
  const name = `person_${++bench.made}`;
  const admin = await connect(bench.server.url('postgres'));
  await admin.query(`drop database if exists person_${bench.made - 1} with (force)`);
  await admin.query(`create database ${name}`);
  await admin.end();
  const url = bench.server.url(name);
  const client = await connect(url);
  await client.query(
    `create table person (id bigint primary key, name text not null, lower_name text, seen int not null default 0)`,
  );
  await client.query(
    `insert into person (id, name) select i, 'Person Number ' || i from generate_series(1, ${rows}) i`,
  );
  await client.query('vacuum (freeze, analyze) person');
  await client.query('checkpoint');
  await client.end();
  return url;
}

async function oneUpdate(bench, rows, given) {
  const client = await connect(given ?? (await prepare(bench, rows)));
  const began = performance.now();
  await client.query(statement);
  const ms = performance.now() - began;
  await client.end();
  return { ms };
}

async function backfill(bench, rows, given) {
  const url = given ?? (await prepare(bench, rows));
  const cwd = join(bench.work, `project-${bench.made}`);
  mkdirSync(join(cwd, 'migrations'), { recursive: true });
  writeFileSync(join(cwd, 'migrations', '1_b.sql'), `-- backfill: analyze=false\n${statement};\n`);
  const lockkeeper = await bench.createLockkeeper({ cwd, url, variables: {} });
  const began = performance.now();
  const report = await lockkeeper.up();
  const ms = performance.now() - began;
  const [step] = report.applied[0].steps;
  if (step.backfill.changed < rows * 0.99)
    throw new Error(`Only ${step.backfill.changed} rows were changed.`);
  return { ms, stepMs: step.durationMs, batches: step.statements };
}

async function startWriter(url, rows) {
  const client = await connect(url);
  const waits = [];
  const stopping = new AbortController();
  const writing = (async () => {
    for (let i = 0; !stopping.signal.aborted; i++) {
      const began = performance.now();
      await client.query('update person set seen = seen + 1 where id = $1', [1 + ((i * 7919) % rows)]);
      waits.push(performance.now() - began);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await writing;
      await client.end();
      return waits;
    },
  };
}

async function connect(connectionString) {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

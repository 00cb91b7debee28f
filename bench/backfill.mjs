// Measures a backfill against one UPDATE of the same rows: the time of both, how long a writer on the rows has to wait,
// and rows per second at two sizes. `node bench/backfill.mjs --help` lists the options. Build first.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { BenchServer, findPrograms } from './server.mjs';

const usage = `usage: node bench/backfill.mjs [options]

  --rows n        rows of the comparison with one UPDATE (default 2000000)
  --rounds n      rounds of it, each both ways, in alternating order (default 3)
  --large n       rows of the large table, whose rows/s is compared with 10,000 (default 0: left out; the promise is about 10000000)
  --postgres x    a major under /usr/lib/postgresql, a folder of programs, or 'embedded'
`;

const statement = 'update person set lower_name = lower(name) where lower_name is null';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    large: { type: 'string', default: '0' },
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
    await server.start({ max_wal_size: '8GB', shared_buffers: '512MB' });
    const bench = { server, work, createLockkeeper, made: 0 };
    console.log(`PostgreSQL ${server.version}, ${rows} rows, ${rounds} rounds`);
    await compare(bench, rows, rounds);
    await contend(bench, rows);
    if (large > 0) await compareSizes(bench, large);
  } finally {
    await server.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Both ways on fresh tables, the first one changing from round to round. */
async function compare(bench, rows, rounds) {
  const ratios = [];
  for (let round = 0; round < rounds; round++) {
    const ways = [
      ['one UPDATE', () => oneUpdate(bench, rows)],
      ['backfill', () => backfill(bench, rows)],
    ];
    const took = {};
    for (const [name, run] of round % 2 === 0 ? ways : ways.toReversed()) took[name] = await run();
    const one = took['one UPDATE'].ms;
    const { ms, batches } = took['backfill'];
    ratios.push(ms / one);
    console.log(
      `round ${round + 1}: one UPDATE ${seconds(one)}, backfill ${seconds(ms)} in ${batches} batches, ratio ${(ms / one).toFixed(3)}`,
    );
  }
  console.log(`total: median ratio ${median(ratios).toFixed(3)} (promised: at most 1.15)`);
}

/** A writer that changes rows of the table, one after another, and how long the worst of them waited. */
async function contend(bench, rows) {
  const cases = [
    { name: 'nobody', run: () => new Promise((resolve) => setTimeout(resolve, 5000, {})) },
    { name: 'backfill', run: (url) => backfill(bench, rows, url) },
    { name: 'one UPDATE', run: (url) => oneUpdate(bench, rows, url) },
  ];
  for (const { name, run } of cases) {
    const url = await prepare(bench, rows);
    const writer = await startWriter(url, rows);
    await run(url);
    const waits = await writer.stop();
    const sorted = waits.toSorted((a, b) => a - b);
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    console.log(
      `writer beside ${name}: ${sorted.length} writes, median ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms, longest ${at(1).toFixed(1)} ms`,
    );
  }
}

async function compareSizes(bench, large) {
  const speeds = [];
  for (const rows of [10_000, large]) {
    const { stepMs } = await backfill(bench, rows);
    speeds.push((rows / stepMs) * 1000);
    console.log(`${rows} rows: ${Math.round(speeds.at(-1))} rows/s`);
  }
  const ratio = speeds[0] / speeds[1];
  console.log(`rows/s at 10,000 over ${large}: ${ratio.toFixed(2)} (promised: at most 1.2)`);
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

function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

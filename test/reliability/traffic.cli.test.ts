import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cleanEnvironment } from '../support/cli.js';
import { startServer, type TestServer } from '../support/database.js';
import { start } from '../execute/support.js';
import { findProgram } from './programs.js';
import { appliedIn, withPlace, type Place } from './place.js';
import { chosenServers, full, patienceMs, rounds, tell } from './settings.js';

const pgbench = findProgram('pgbench');
/** Rounds are repetitions of the whole; the best known way to see how much of a figure is noise. */
const times = rounds(1);
const clients = 4;
const scale = full ? 5 : 1;
const quietSeconds = full ? 20 : 1;
const busySeconds = full ? 75 : 6;
/** How long a blocking statement may make others wait. */
const budgetMs = 2000;

/** What teams are told to do with a table that is in use. */
const migrations = {
  '1_column.sql': `alter table pgbench_accounts add column note text, add column score int default 0;`,
  '2_check.sql': `alter table pgbench_accounts add constraint bounded check (abalance > -1000000000) not valid;
alter table pgbench_accounts validate constraint bounded;`,
  '3_index.sql': `create index concurrently accounts_score on pgbench_accounts (score, bid);`,
  '4_not_null.sql': `alter table pgbench_accounts add constraint filled check (filler is not null) not valid;
alter table pgbench_accounts validate constraint filled;
alter table pgbench_accounts alter column filler set not null;
alter table pgbench_accounts drop constraint filled;`,
  '5_key.sql': `create table kind (id int primary key);
insert into kind select generate_series(0, 0);
alter table pgbench_accounts add column kind int;
alter table pgbench_accounts add constraint account_kind foreign key (kind) references kind not valid;
alter table pgbench_accounts validate constraint account_kind;`,
  '6_backfill.sql': `-- backfill: batch-rows=1000
update pgbench_accounts set score = aid % 100 where score = 0;`,
};

interface Transaction {
  /** When it ended, in milliseconds since 1970. */
  readonly at: number;
  readonly latencyMs: number;
}

interface Load {
  readonly transactions: readonly Transaction[];
  readonly failed: number;
}

/** Traffic for some seconds, with the latency of every single transaction. */
async function load(url: string, seconds: number): Promise<Load> {
  const dir = mkdtempSync(join(tmpdir(), 'lockkeeper-pgbench-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const flags = [
    '-n',
    '-N',
    '-c',
    String(clients),
    '-j',
    '2',
    '-T',
    String(seconds),
    '-l',
    '--log-prefix',
    'log',
  ];
  const { code, said } = await run([...flags, '-M', 'prepared', url], dir);
  expect([code, code === 0 ? '' : said]).toEqual([0, '']);
  const lines = readdirSync(dir).flatMap((name) => readFileSync(join(dir, name), 'utf8').trim().split('\n'));
  const transactions = lines.map((line) => {
    const [, , latency, , second, micro] = line.split(' ').map(Number);
    return { at: (second ?? 0) * 1000 + (micro ?? 0) / 1000, latencyMs: (latency ?? NaN) / 1000 };
  });
  // A failed one has a word in the place of its latency; aborted clients are told on standard error.
  const failed = transactions.filter(({ latencyMs }) => Number.isNaN(latencyMs)).length;
  return { transactions, failed: failed + (said.match(/aborted/g)?.length ?? 0) };
}

async function run(args: readonly string[], cwd: string): Promise<{ code: number | null; said: string }> {
  const child = spawn(pgbench ?? 'pgbench', args, {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: cleanEnvironment(),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}

/** A report that reads the whole table and stays in its transaction; again and again until told to stop. */
async function longReader(place: Place, stop: AbortSignal): Promise<void> {
  const client = await place.database.connect();
  while (!stop.aborted) {
    await client.query('begin isolation level repeatable read; select count(*) from pgbench_accounts');
    await sleep(full ? 2500 : 600);
    await client.query('commit');
    await sleep(700);
  }
}

/** A session that forgot to end its transaction, and a snapshot with it. */
async function forgotten(place: Place, forMs: number): Promise<void> {
  const client = await place.database.connect();
  await client.query('begin isolation level repeatable read; select * from pgbench_branches limit 1');
  await sleep(forMs);
  await client.query('rollback');
}

/**
 * The longest that pgbench stood in a queue for a lock, from the server's own log: it tells of every wait that was longer than
 * deadlock_timeout (1 s). A transaction takes longer than its wait, by its own work. 0 where none was that long.
 */
function longestQueueMs(log: string): number {
  const waits = log.matchAll(/^pgbench \S+ +process \d+ acquired .* after ([\d.]+) ms/gm);
  return Math.max(0, ...[...waits].map(([, ms]) => Number(ms)));
}

const percentile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? NaN;
const rounded = (value: number): number => Math.round(value * 100) / 100;

async function measure(server: TestServer, readLog: () => string): Promise<void> {
  await withPlace(server, migrations, async (place) => {
    const { database, project } = place;
    project.write('lockkeeper.config.json', JSON.stringify({ lockTimeout: budgetMs, lockRetries: 40 }));
    const made = await run(['-i', '-q', '-s', String(scale), database.url], tmpdir());
    expect(made.code).toBe(0);
    await load(database.url, full ? 5 : 1);
    const quiet = await load(database.url, quietSeconds);
    const stop = new AbortController();
    const traffic = load(database.url, busySeconds);
    const reader = longReader(place, stop.signal);
    const idle = forgotten(place, full ? 8000 : 1500);
    await sleep(500);
    const began = Date.now();
    const { code, stdout, stderr } = await start(place, ['up', '--json']).ended;
    const ended = Date.now();
    stop.abort();
    const [busy] = await Promise.all([traffic, reader, idle]);
    expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
    expect(await appliedIn(place)).toEqual(['1', '2', '3', '4', '5', '6']);
    expect([quiet.failed, busy.failed]).toEqual([0, 0]);
    const queueMs = longestQueueMs(readLog());
    if (full) expect(queueMs).toBeLessThanOrEqual(budgetMs);
    tellLatencies(server, {
      queueMs,
      quiet,
      busy,
      began,
      ended,
      retries: (stdout.match(/"retries": [1-9]/g) ?? []).length,
    });
  });
}

function tellLatencies(
  server: TestServer,
  seen: {
    readonly queueMs: number;
    readonly quiet: Load;
    readonly busy: Load;
    readonly began: number;
    readonly ended: number;
    readonly retries: number;
  },
): void {
  const before = seen.quiet.transactions.map(({ latencyMs }) => latencyMs);
  const during = seen.busy.transactions
    .filter(({ at }) => at >= seen.began && at <= seen.ended + budgetMs)
    .map(({ latencyMs }) => latencyMs);
  const [quietP99, busyP99] = [percentile(before, 0.99), percentile(during, 0.99)];
  const longest = during.reduce((most, value) => Math.max(most, value), 0);
  tell('traffic', server, {
    'failed transactions': 0,
    'transactions while migrating': during.length,
    'up took s': rounded((seen.ended - seen.began) / 1000),
    'steps tried again': seen.retries,
    'quiet p99 ms': rounded(quietP99),
    'p99 ms': rounded(busyP99),
    ratio: rounded(busyP99 / quietP99),
    'transactions over 100 ms': during.filter((value) => value > 100).length,
    'longest in a queue ms': seen.queueMs < 1000 ? '< 1000' : Math.round(seen.queueMs),
    'longest transaction ms': Math.round(longest),
    'quiet longest ms': Math.round(before.reduce((most, value) => Math.max(most, value), 0)),
    'budget ms': budgetMs,
  });
}

describe.skipIf(pgbench === null).each(chosenServers)(
  'traffic on the very tables, on PostgreSQL $major',
  ({ major }) => {
    it(
      'loses no transaction while safe migrations run beside long readers',
      { timeout: patienceMs },
      async () => {
        // A server of its own: the latencies of others are none of its business.
        const running = await startServer(major, { log_lock_waits: 'on', log_line_prefix: '%a ' });
        onTestFinished(() => running.remove());
        for (let time = 0; time < times; time++) {
          const logged = readFileSync(join(running.dir, 'log'), 'utf8').length;
          const readLog = (): string => readFileSync(join(running.dir, 'log'), 'utf8').slice(logged);
          await measure({ major, url: running.url, superuser: 'postgres' }, readLog);
        }
      },
    );
  },
);

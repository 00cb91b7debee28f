// Leaves a database as a killed run leaves it: an index half built, and the step open in the journal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { program } from './contestants.mjs';
import { table, version, write } from './workload.mjs';

/**
 * Adds one more migration to the project, starts `up`, and kills it while its CREATE INDEX CONCURRENTLY waits for an old
 * snapshot that is held for that purpose. The backend goes too, as it does once it notices.
 */
export async function crashInIndexBuild({ folder, url, count, round }) {
  const index = `resumed_${round}_idx`;
  const name = `migrations/${version(count + round)}_${index}.sql`;
  write(folder, name, `create index concurrently ${index} on ${table(round)} (email);\n`);
  const [holder, admin] = [await connect(url), await connect(url)];
  try {
    await holder.query('begin isolation level repeatable read; select 1');
    const child = spawn(program, ['up', '--url', url, '-C', folder, '--yes'], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    const pid = await waitForBuild(admin, index);
    child.kill('SIGKILL');
    await ended;
    await admin.query('select pg_terminate_backend($1)', [pid]);
    await untilGone(admin, pid);
  } finally {
    await holder.end();
    await admin.end();
  }
}

async function waitForBuild(admin, index) {
  for (let attempt = 0; attempt < 1200; attempt++) {
    const { rows } = await admin.query(
      `select pid from pg_stat_activity where pid <> pg_backend_pid() and wait_event_type = 'Lock' and query like $1`,
      [`%create index concurrently ${index}%`],
    );
    if (rows.length > 0) return rows[0].pid;
    await sleep(25);
  }
  throw new Error('The index build that was to be killed did not begin.');
}

async function untilGone(admin, pid) {
  for (let attempt = 0; attempt < 400; attempt++) {
    const { rows } = await admin.query('select from pg_stat_activity where pid = $1', [pid]);
    if (rows.length === 0) return;
    await sleep(25);
  }
  throw new Error('The backend that was told to end did not.');
}

async function connect(connectionString) {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

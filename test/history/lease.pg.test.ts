import { describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import {
  expireLease,
  heartbeat,
  historyTables,
  isLive,
  leaseGuard,
  readLease,
  releaseLease,
  takeLease,
} from '../../src/history/index.js';
import { historyLockKey, openSession, type Session } from '../../src/pg/index.js';
import { servers, tableExists } from '../support/database.js';
import { createWorkspace, failure, type Workspace } from '../app/workspace.js';

const tables = historyTables({ schema: 'lockkeeper', table: 'schema_migrations' });
const key = historyLockKey('lockkeeper', 'schema_migrations');

async function session({ database }: Workspace): Promise<Session> {
  const url = new URL(database.url);
  return openSession({
    host: url.hostname,
    port: Number(url.port),
    database: url.pathname.slice(1),
    user: url.username,
    password: null,
    ssl: false,
    applicationName: 'lockkeeper',
    connectTimeoutMs: 5000,
    role: null,
    searchPath: null,
  });
}

const take = async (on: Session, lifetimeMs = 60_000): Promise<string | null> =>
  takeLease(on, tables, {
    seen: await readLease(on, tables),
    runId: randomUUID(),
    holder: '{"pid": 1}',
    lifetimeMs,
    key,
  });

describe.each(servers)('the lease on PostgreSQL $major', (server) => {
  it('is had by one, and refused to all others until it is given back', async () => {
    const app = await createWorkspace({}, { server });
    await app.up();
    await using ours = await session(app);
    await using theirs = await session(app);
    expect(await readLease(ours, tables)).toBeNull();
    const attempts = await Promise.all([take(ours), take(theirs)]);
    const token = attempts.find((attempt) => attempt !== null);
    expect(attempts.filter((attempt) => attempt !== null)).toHaveLength(1);
    expect(await take(theirs)).toBeNull();
    await ours.send(releaseLease(tables, token ?? ''));
    const next = await take(theirs);
    expect(BigInt(next ?? 0)).toBe(BigInt(token ?? 0) + 1n);
  });

  it('is fenced: a heartbeat passes a step at work, a takeover waits for it, and the old token is refused', async () => {
    const app = await createWorkspace({}, { server });
    await app.up();
    await using worker = await session(app);
    await using other = await session(app);
    const token = (await take(worker, 1)) ?? '';
    const guard = `select ${leaseGuard(tables, token)}`;
    await worker.send(`begin; ${guard}`);
    expect((await other.send(heartbeat(tables, token))).tags).toContain('UPDATE 1');
    await worker.query('select pg_sleep(0.05)');
    // Silent for longer than it lives, and a step holds the row: nobody gets it.
    expect(await take(other, 1)).toBeNull();
    const seen = await readLease(other, tables);
    expect(seen !== null && (await expireLease(other, tables, seen))).toBe(false);
    await worker.send('commit');
    expect(await take(other)).not.toBeNull();
    await expect(
      worker.send(`begin; ${guard}; create table too_late (id int); commit`),
    ).rejects.toMatchObject({
      server: { code: '22012' },
    });
    await worker.send('rollback');
    expect((await worker.send(heartbeat(tables, token))).tags).toContain('UPDATE 0');
    expect(await tableExists(app.database, 'too_late')).toBe(false);
  });

  it('is not taken while a session has the lock, and never gives a token twice', async () => {
    const app = await createWorkspace({}, { server });
    await app.up();
    await using ours = await session(app);
    await using other = await session(app);
    await other.query(`select pg_advisory_lock($1, $2)`, [key.classId, key.objectId]);
    expect(await take(ours)).toBeNull();
    await other.query(`select pg_advisory_unlock($1, $2)`, [key.classId, key.objectId]);
    const first = BigInt((await take(ours)) ?? 0);
    await app.database.query('delete from lockkeeper.lease');
    expect(BigInt((await take(ours)) ?? 0)).toBeGreaterThan(first);
  });

  it('is read and ended by hand', async () => {
    const app = await createWorkspace({}, { server });
    await app.up();
    await using ours = await session(app);
    await take(ours);
    const seen = await readLease(ours, tables);
    expect(seen).toMatchObject({ holder: { pid: 1, host: null }, lifetimeMs: 60_000, working: false });
    expect(seen !== null && isLive(seen)).toBe(true);
    expect(seen !== null && (await expireLease(ours, tables, seen))).toBe(true);
    const ended = await readLease(ours, tables);
    expect(ended?.runId).toBeNull();
    // What was seen is another lease by now.
    expect(seen !== null && (await expireLease(ours, tables, seen))).toBe(false);
  });

  it('comes to a database that an older version prepared, and rights that were given stay', async () => {
    const app = await createWorkspace({ '1_a.sql': 'create table a (id int);' }, { server });
    await app.up();
    const role = await app.role();
    await app.database
      .query(`drop table lockkeeper.lease, lockkeeper.backfills, lockkeeper.migration_errors; update lockkeeper.database_info set schema_version = 1;
      grant usage on schema lockkeeper to ${role.name};
      grant select on all tables in schema lockkeeper to ${role.name};
      alter default privileges in schema lockkeeper grant all on tables to ${role.name}`);
    const reader = await app.open({ url: role.url });
    // Reading works on the old tables, and makes none.
    expect((await reader.status()).applied).toHaveLength(1);
    expect(await tableExists(app.database, 'lockkeeper.lease')).toBe(false);
    app.write({ '2_b.sql': 'create table b (id int);' });
    await app.up();
    const [info] = await app.database.query<{ version: number; may: boolean }>(
      `select schema_version as version, has_table_privilege('${role.name}', 'lockkeeper.lease', 'update') as may from lockkeeper.database_info`,
    );
    expect(info?.version).toBeGreaterThanOrEqual(2);
    expect(info?.may).toBe(false);
    expect((await reader.status()).applied).toHaveLength(2);
    await app.database.query('drop table lockkeeper.lease');
    expect(await failure(app.up())).toMatchObject({ code: 'HISTORY_UNREADABLE' });
  });
});

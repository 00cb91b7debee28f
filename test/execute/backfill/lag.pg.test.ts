import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunReport } from '../../../src/core/report.js';
import { servers, startReplica, startServer } from '../../support/database.js';
import { createWorkspace, record, type Workspace } from '../../app/workspace.js';
import { doneSoFar, people, timesDone } from './support.js';

const rows = 12_000;
const backfill = `-- backfill: batch-rows=100 max-lag=1500ms
update people set done = done + 1 where pg_sleep(0.0005) is not null;`;

interface Pair {
  readonly standby: Client;
  readonly workspace: Workspace;
}

async function pair(major: number): Promise<Pair> {
  const primary = await startServer(major);
  onTestFinished(() => primary.remove());
  const replica = await startReplica(primary);
  onTestFinished(() => replica.remove());
  const standby = new Client(replica.url);
  await standby.connect();
  onTestFinished(() => standby.end());
  const server = { major, url: primary.url, superuser: 'postgres' };
  const workspace = await createWorkspace({ '1_b.sql': backfill }, { server });
  await people(workspace.database, rows);
  return { standby, workspace };
}

describe.each(servers)('a backfill beside a streaming replica, on PostgreSQL $major', ({ major }) => {
  it(
    'waits while it is too far behind, and goes on when it has caught up',
    { timeout: 120_000 },
    async () => {
      const { standby, workspace } = await pair(major);
      const { database } = workspace;
      const lockkeeper = await workspace.open();
      const told = record(lockkeeper, 'progress');
      const waits = (): number =>
        told.filter(({ phase }) => phase.startsWith('waiting for replica, ')).length;
      const running = lockkeeper.up();
      while ((await doneSoFar(database)) < 500) await sleep(20);
      expect(waits()).toBe(0);
      await standby.query('select pg_wal_replay_pause()');
      while (waits() === 0) await sleep(20);
      const stood = await doneSoFar(database);
      await sleep(2000);
      expect(await doneSoFar(database)).toBe(stood);
      expect(stood).toBeLessThan(rows);
      await standby.query('select pg_wal_replay_resume()');
      const report = (await running) as RunReport;
      expect(report.applied.map(({ version }) => version)).toEqual(['1']);
      expect(await timesDone(database)).toEqual({ '1': rows });
    },
  );
});

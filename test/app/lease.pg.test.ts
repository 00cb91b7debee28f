import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import { userTables } from '../support/database.js';
import { noPgBouncer, startPgBouncer, type PgBouncer } from './pgbouncer.js';
import { createWorkspace, type Workspace } from './workspace.js';

const files = {
  '1_a.sql': '-- migrate:up\ncreate table a (id int);\n-- migrate:down\ndrop table a;\n',
  '2_b.sql':
    "-- migrate:up\ncreate type mood as enum ('ok');\nalter type mood add value 'sad';\ninsert into a values (1);\n-- migrate:down\ndrop type mood;\n",
};

describe.skipIf(noPgBouncer !== null)('through a transaction pooler', () => {
  const pooled = async (app: Workspace, poolSize = 5): Promise<PgBouncer> => {
    const bouncer = await startPgBouncer(app.database, { mode: 'transaction', poolSize });
    onTestFinished(() => bouncer.stop());
    return bouncer;
  };
  const forget = async (app: Workspace): Promise<void> => {
    await app.database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
  };

  it.each([5, 1])('up, status and down work, with a pool of %i', async (poolSize) => {
    const app = await createWorkspace(files);
    const bouncer = await pooled(app, poolSize);
    const lockkeeper = await app.open({ url: bouncer.url });
    expect(((await lockkeeper.up()) as RunReport).applied).toHaveLength(2);
    expect((await lockkeeper.status()).applied).toHaveLength(2);
    expect(((await lockkeeper.down({ all: true })) as RunReport).applied).toHaveLength(2);
    expect(await userTables(app.database)).toEqual([]);
    await forget(app);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { Lockkeeper } from '../../src/app/lockkeeper.js';
import { createDatabase, tempProject, type TempProject, type TestDatabase } from '../support/database.js';

const settings = 'flyway.locations=filesystem:sql\nflyway.group=true\nflyway.initSql=set role nobody\n';

let database: TestDatabase;
let project: TempProject;

beforeEach(async () => {
  database = await createDatabase();
  project = tempProject({ 'flyway.conf': settings, 'sql/V1__users.sql': 'create table users (id int);\n' });
});

afterEach(async () => {
  await database.drop();
  project.remove();
});

/** The keys of another tool's that a verb spoke of, in the order it did. */
async function toldBy(verb: (lockkeeper: Lockkeeper) => Promise<unknown>): Promise<readonly string[]> {
  const lockkeeper = await createLockkeeper({ cwd: project.dir, url: database.url });
  const told: string[] = [];
  lockkeeper.on('warning', ({ code, message }) => {
    if (code.startsWith('setting-')) told.push(/"(\w+)"/.exec(message)?.[1] ?? message);
  });
  await verb(lockkeeper);
  await lockkeeper.close();
  return told;
}

describe('a setting of another tool that is not honoured', () => {
  it('is told once by a run where a migration may notice, and by no verb that only looks', async () => {
    expect(await toldBy((lockkeeper) => lockkeeper.status())).toEqual([]);
    expect(await toldBy((lockkeeper) => lockkeeper.up())).toEqual(['initSql']);
    expect(await toldBy((lockkeeper) => lockkeeper.status())).toEqual([]);
    expect(await toldBy((lockkeeper) => lockkeeper.history())).toEqual([]);
  });

  it('is told by the verbs about the configuration in any case', async () => {
    expect(await toldBy((lockkeeper) => lockkeeper.adopt({ dryRun: true }))).toEqual(['group', 'initSql']);
    const lockkeeper = await createLockkeeper({ cwd: project.dir, url: database.url });
    const codes = (await lockkeeper.config()).warnings.map(({ code }) => code);
    expect(codes).toEqual(['setting-ignored', 'setting-unsupported']);
    const { checks } = await lockkeeper.doctor();
    expect(checks.filter(({ check }) => check === 'settings')).toHaveLength(2);
    await lockkeeper.close();
  });
});

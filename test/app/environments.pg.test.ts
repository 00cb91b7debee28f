import { describe, expect, it } from 'vitest';
import { latest, tableExists } from '../support/database.js';
import { codesOf, createWorkspace, failure, record } from './workspace.js';

const only = (environments: string): string =>
  `-- description: x\n-- environments: ${environments}\ncreate table a (id int);`;

describe('the environments that a migration names', () => {
  it.each([
    ['prodution', 'Did you mean "production"?'],
    ['development, stagin', 'Did you mean "staging"?'],
    ['QA', 'Did you mean "qa"?'],
  ])('are refused where one is misspelt (%s), before anything runs', async (written, meant) => {
    const app = await createWorkspace(
      { '1_a.sql': 'create table first (id int);', '2_b.sql': only(written) },
      { server: latest, config: { environments: { qa: {} } } },
    );
    const error = await failure(app.up());
    expect(error).toMatchObject({
      code: 'MIGRATION_METADATA_INVALID',
      exit: 2,
      location: { file: 'migrations/2_b.sql', line: 2 },
    });
    expect(error.message).toContain(meant);
    expect(await tableExists(app.database, 'first')).toBe(false);
  });

  it('are checked by verify, also in what is applied, and told by status', async () => {
    const app = await createWorkspace({ '1_a.sql': only('dev') }, { server: latest });
    await app.up();
    app.write({ '1_a.sql': only('dev, tets'), '2_b.sql': only('prodcution') });
    const lockkeeper = await app.open();
    const { problems } = await lockkeeper.verify();
    expect(problems.filter(({ code }) => code === 'MIGRATION_METADATA_INVALID')).toHaveLength(2);
    const warnings = record(lockkeeper, 'warning');
    expect((await lockkeeper.status()).pending).toEqual([]);
    expect(warnings.map(({ code }) => code)).toEqual(['environment-unknown']);
  });

  it('are told, not refused, where the name is like none that is known: another machine may know it', async () => {
    const app = await createWorkspace({ '1_a.sql': only('antarctica') }, { server: latest });
    const report = await app.up();
    expect(report.applied).toEqual([]);
    expect(report.warnings.map(({ code }) => code)).toEqual(['environment-unknown']);
    expect(report.warnings[0]?.message).toContain('development, test, staging and production');
  });

  it('may be the one that NODE_ENV says, and any other word for the usual ones', async () => {
    const app = await createWorkspace({ '1_a.sql': only('antarctica, Prod, testing') }, { server: latest });
    const lockkeeper = await app.open({ variables: { NODE_ENV: 'antarctica' } });
    await lockkeeper.up();
    expect(await app.applied()).toEqual(['1']);
  });
});

describe('two histories in one schema', () => {
  it('are refused with the name of the one that is there, and both ways out', async () => {
    const app = await createWorkspace({ '1_a.sql': 'create table a (id int);' }, { server: latest });
    await app.up();
    app.project.write('lockkeeper.config.json', '{"history": {"table": "second"}}');
    const lockkeeper = await app.open();
    for (const verb of [() => lockkeeper.up(), () => lockkeeper.status()]) {
      const error = await failure(verb());
      expect(codesOf(error)).toEqual(['HISTORY_UNREADABLE']);
      expect(error.message).toContain('keeps another history already, in the table "schema_migrations"');
      expect(error.hint).toContain('history.schema');
    }
    app.project.write('lockkeeper.config.json', '{"history": {"schema": "other", "table": "second"}}');
    app.project.delete('migrations/1_a.sql');
    app.write({ '2_b.sql': 'create table b (id int);' });
    expect((await app.up()).applied).toHaveLength(1);
  });

  it('are not seen in a table that only lost its companion', async () => {
    const app = await createWorkspace({ '1_a.sql': 'create table a (id int);' }, { server: latest });
    await app.up();
    await app.database.query('drop table lockkeeper.schema_migrations');
    const error = await failure((await app.open()).status());
    expect(error.message).toContain('but not "schema_migrations"');
  });
});

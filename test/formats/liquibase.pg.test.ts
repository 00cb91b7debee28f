import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { latest } from '../support/database.js';
import { closeForeignSides, type ForeignSide, openForeignSide } from '../support/foreign-side.js';
import { changelogRows, liquibaseMissing, runLiquibase, withLiquibase } from '../support/liquibase.js';
import { repository } from '../support/project.js';
import { describeSchema } from '../support/schema.js';

afterEach(closeForeignSides);

const example = (files: Readonly<Record<string, string>> = {}): Promise<ForeignSide> =>
  openForeignSide({ server: latest, example: 'liquibase', files });

/** A changelog with every change that is known, or another one of the fixtures. */
async function everyChange(changelog = 'every-change.xml'): Promise<ForeignSide> {
  const side = await openForeignSide({
    server: latest,
    files: { 'liquibase.properties': `changeLogFile=${changelog}\n` },
  });
  cpSync(join(repository, 'test/source/liquibase/fixtures'), side.project.dir, { recursive: true });
  return side;
}

const expected = [
  'db/schema/1-tools.xml::tools::ines',
  'db/schema/1-tools.xml::shelf::ines',
  'db/schema/1-tools.xml::first-tools::olu',
  'db/schema/2-loans.yaml::loans::olu',
  'db/schema/2-loans.yaml::loans-need-an-end::olu',
  'db/schema/3-fees.json::fees::olu',
  'db/schema/4-search.sql::search::ines',
  'db/schema/4-search.sql::count::ines',
  'db/views/shelves.sql::shelves::ines',
  'db/changelog.yaml::release-1::ines',
];

const tools = 'select name, price, bought, shelf from tool order by name';

describe('examples/liquibase', () => {
  it('runs changelogs in all syntaxes in the order of their includes, with their data', async () => {
    const ours = await example();
    expect((await ours.up()).applied.map(({ version }) => version)).toEqual(expected);
    expect(await ours.pending()).toEqual([]);
    expect(
      await ours.database.query(`select name, price, bought::text, shelf from tool order by name`),
    ).toEqual([
      { name: 'hammer', price: '12.50', bought: '2023-03-01', shelf: 'A1' },
      { name: 'ladder', price: null, bought: null, shelf: 'B1' },
      { name: 'saw, large', price: '30.00', bought: '2022-11-12', shelf: 'A2' },
    ]);
    expect(await ours.database.query('select id, tag from databasechangelog where tag is not null')).toEqual([
      { id: 'release-1', tag: '1.0' },
    ]);
  });

  it('goes back by the ways that changes have by themselves, and by those that are written', async () => {
    const ours = await example();
    await ours.up();
    expect((await ours.down({ steps: 10 })).applied).toHaveLength(10);
    const left = `select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`;
    expect((await ours.database.query(left)).map(({ relname }) => relname as string)).toEqual([
      'databasechangelog',
      'databasechangeloglock',
    ]);
    expect(await ours.database.query('select from databasechangelog')).toEqual([]);
  });

  it('marks a changeset as run whose precondition does not hold and says MARK_RAN', async () => {
    const ours = await example();
    await ours.up({ steps: 3 });
    await ours.database.query(
      'create table loan (tool_id bigint, until date, note text, number bigint primary key)',
    );
    await ours.up({ steps: 1 });
    expect(await ours.database.query(`select exectype from databasechangelog where id = 'loans'`)).toEqual([
      { exectype: 'MARK_RAN' },
    ]);
  });

  it('refuses what is not SQL before anything runs', async () => {
    const shell = `databaseChangeLog:
  - changeSet: { id: 1, author: a, changes: [{ createTable: { tableName: t, columns: [{ column: { name: a, type: int } }] } }] }
  - changeSet:
      id: 2
      author: a
      changes:
        - executeCommand: { executable: rm }
`;
    const ours = await example({ 'db/changelog.yaml': shell });
    await expect(ours.up()).rejects.toMatchObject({
      code: 'FOREIGN_STEP_REFUSED',
      location: { file: 'db/changelog.yaml', line: 7 },
    });
    expect(await ours.database.query(`select from pg_class where relname = 't'`)).toEqual([]);
  });
});

describe.skipIf(liquibaseMissing !== null)(`examples/liquibase ${withLiquibase}`, () => {
  it('comes to the same schema, data and history, and Liquibase agrees before and behind every step', async () => {
    const [theirs, ours] = [await example(), await example()];
    await runLiquibase(['update'], theirs);
    await ours.up();
    expect(await describeSchema(ours.database)).toBe(await describeSchema(theirs.database));
    expect(await changelogRows(ours)).toEqual(await changelogRows(theirs));
    expect(await ours.database.query(tools)).toEqual(await theirs.database.query(tools));
    expect(await runLiquibase(['status'], ours)).toContain('is up to date');
    expect(await runLiquibase(['validate'], ours)).toContain('No validation errors found');
    await runLiquibase(['rollback-count', '--count=3'], ours);
    expect(await ours.pending()).toEqual(expected.slice(-3));
    await ours.up();
    await ours.down({ steps: 4 });
    expect(await runLiquibase(['status'], ours)).toContain('4 changesets have not been applied');
    await runLiquibase(['update'], ours);
    expect(await ours.pending()).toEqual([]);
    expect(await describeSchema(ours.database)).toBe(await describeSchema(theirs.database));
  }, 240_000);

  it.each([
    ['every change that is known', 'every-change.xml'],
    ['what changelogs of years hold', 'odd-corners.xml'],
  ])(
    'comes to the same with %s',
    async (_, changelog) => {
      const [theirs, ours] = [await everyChange(changelog), await everyChange(changelog)];
      await runLiquibase(['update'], theirs);
      await ours.up();
      expect(await describeSchema(ours.database)).toBe(await describeSchema(theirs.database));
      expect(await changelogRows(ours)).toEqual(await changelogRows(theirs));
      expect(await runLiquibase(['status'], ours)).toContain('is up to date');
    },
    240_000,
  );
});

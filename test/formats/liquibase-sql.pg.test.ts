import { afterEach, describe, expect, it } from 'vitest';
import { latest } from '../support/database.js';
import { closeForeignSides, type ForeignSide, openForeignSide } from '../support/foreign-side.js';
import { changelogRows, liquibaseMissing, runLiquibase, withLiquibase } from '../support/liquibase.js';
import { describeSchema } from '../support/schema.js';

const changelog = `--liquibase formatted sql
--property name:table value:person

--changeset ann:tables labels:core,Base context:dev
--comment The people, and what they own
create table \${table} (id int primary key, note text not null default '\${owner}');
-- not a directive
insert into \${table} values (1, 'a;b'), (2, 'c');
--rollback drop table \${table};

--changeset ann:twice splitStatements:false runOnChange:true
create or replace function twice(n int) returns int language plpgsql as $$
begin
  return n * 2;
end $$;
--rollback drop function twice(int);

--changeset "bob lee":"the index" runInTransaction:false
create index concurrently person_note on person (note);
--rollback drop index person_note;

--changeset ann:oracle dbms:oracle
select nothing from dual;

--changeset ann:trigger endDelimiter://
create function mark() returns trigger language plpgsql as $$ begin new.note := 'x'; return new; end $$ //
create trigger mark before insert on person for each row execute function mark() //
/* liquibase rollback
drop trigger mark on person;
drop function mark();
*/

--changeset ann:again
--preconditions onFail:MARK_RAN onError:HALT
--precondition-sql-check expectedResult:0 select count(*) from information_schema.tables where table_name = 'person'
create table person (id int);
--rollback empty

--changeset ann:checked
--preconditions onFail:HALT
--precondition-table-exists table:person
--precondition-view-exists view:nothing
create view person_notes as select note from person;
--rollback drop view person_notes;

--changeset ann:production context:prod
create table production_only (id int);
`;

const files = {
  // The view of that precondition is not there, and has to be for Liquibase too.
  'db/changelog.sql': changelog.replace('--precondition-view-exists view:nothing\n', ''),
  'liquibase.properties': 'changeLogFile=db/changelog.sql\ncontexts=dev\nparameter.owner=ops\n',
};

afterEach(closeForeignSides);

const open = (more: Readonly<Record<string, string>> = {}): Promise<ForeignSide> =>
  openForeignSide({ server: latest, files: { ...files, ...more } });

const version = (id: string, author = 'ann'): string => `db/changelog.sql::${id}::${author}`;

const expected = [
  version('tables'),
  version('twice'),
  version('the index', 'bob lee'),
  version('trigger'),
  version('again'),
  version('checked'),
];

describe('formatted SQL', () => {
  it('runs what Liquibase would run, and nothing again', async () => {
    const ours = await open();
    const { applied } = await ours.up();
    expect(applied.map((one) => one.version)).toEqual(expected);
    expect(await ours.pending()).toEqual([]);
    const rows = await ours.database.query(
      'select exectype, orderexecuted from databasechangelog order by 2',
    );
    expect(rows.map((row) => row['exectype'])).toEqual([
      'EXECUTED',
      'EXECUTED',
      'EXECUTED',
      'EXECUTED',
      'MARK_RAN',
      'EXECUTED',
    ]);
    const [{ indisvalid } = {}] = await ours.database.query(
      `select indisvalid from pg_index where indexrelid = 'person_note'::regclass`,
    );
    expect(indisvalid).toBe(true);
    await ours.down({ steps: 6 });
    expect(await ours.database.query('select from databasechangelog')).toEqual([]);
    expect(await ours.database.query(`select from pg_class where relname like 'person%'`)).toEqual([]);
  });

  it('stops at a precondition that does not hold, and changes nothing', async () => {
    const ours = await open({ 'db/changelog.sql': changelog });
    await expect(ours.up()).rejects.toMatchObject({
      cause: {
        code: 'FOREIGN_PRECONDITION_FAILED',
        message: expect.stringContaining('view nothing') as string,
      },
    });
    expect(await ours.pending()).toEqual([version('checked')]);
  });

  it('runs a changeset again that changed and says runOnChange, before what comes behind it', async () => {
    const ours = await open();
    await ours.up({ steps: 5 });
    ours.project.write('db/changelog.sql', files['db/changelog.sql'].replace('n * 2', 'n + n'));
    expect(await ours.pending()).toEqual([version('twice'), version('checked')]);
    await ours.up();
    const rows = await ours.database.query(
      `select exectype, orderexecuted from databasechangelog where id = 'twice'`,
    );
    expect(rows).toEqual([{ exectype: 'RERAN', orderexecuted: 6 }]);
  });

  it('runs a changeset every time that says runAlways', async () => {
    const always =
      '--liquibase formatted sql\n--changeset ann:a runAlways:true\ncreate table if not exists t (n int);';
    const ours = await open({ 'db/changelog.sql': `${always}\ninsert into t values (1);` });
    await ours.up();
    await ours.up();
    expect(await ours.database.query('select count(*)::int as n from t')).toEqual([{ n: 2 }]);
  });
});

describe.skipIf(liquibaseMissing !== null)(`formatted SQL ${withLiquibase}`, () => {
  it('comes to the same schema and history, and Liquibase agrees before and behind every step', async () => {
    const [theirs, ours] = [await open(), await open()];
    await runLiquibase(['update'], theirs);
    await ours.up();
    expect(await describeSchema(ours.database)).toBe(await describeSchema(theirs.database));
    expect(await changelogRows(ours)).toEqual(await changelogRows(theirs));
    expect(await runLiquibase(['status'], ours)).toContain('is up to date');
    expect(await runLiquibase(['validate'], ours)).toContain('No validation errors found');
    await runLiquibase(['rollback-count', '--count=2'], ours);
    expect(await ours.pending()).toEqual([version('again'), version('checked')]);
    await ours.up();
    expect(await runLiquibase(['status'], ours)).toContain('is up to date');
    await ours.down({ steps: 3 });
    expect(await runLiquibase(['status'], ours)).toContain('3 changesets have not been applied');
    await runLiquibase(['update'], ours);
    expect(await ours.pending()).toEqual([]);
    expect(await describeSchema(ours.database)).toBe(await describeSchema(theirs.database));
  }, 240_000);
});

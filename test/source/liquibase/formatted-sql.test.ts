import { afterEach, describe, expect, it } from 'vitest';
import { FileReader } from '../../../src/source/file-bytes.js';
import { liquibase } from '../../../src/source/liquibase/index.js';
import type { FormatSource } from '../../../src/source/format.js';
import type { Migration, SqlScript } from '../../../src/migration/migration.js';
import { tempProject, type TempProject } from '../../support/project.js';

let project: TempProject | null = null;

afterEach(() => {
  project?.remove();
  project = null;
});

function open(sql: string, settings: object = {}): FormatSource {
  project = tempProject({ 'db/changelog.sql': sql });
  return liquibase.open(
    {
      name: 'db',
      dir: `${project.dir}/db`,
      format: 'liquibase',
      settings: { searchPath: [project.dir], changelog: 'db/changelog.sql', ...settings },
    },
    { root: project.dir, reader: new FileReader() },
  );
}

const header = '--liquibase formatted sql\n';

async function read(sql: string, settings: object = {}): Promise<readonly Migration[]> {
  const source = open(header + sql, settings);
  const listing = source.list();
  expect(listing.problems).toEqual([]);
  const reading = await source.read(listing.files);
  expect(reading.problems).toEqual([]);
  return reading.migrations;
}

const textsOf = (script: Migration['up'] | null): readonly string[] =>
  (script as SqlScript).statements.map(({ start, end }) => (script as SqlScript).text.slice(start, end));

describe('formatted SQL', () => {
  it('makes one migration of each changeset, in the order of the file', () => {
    const { files } = open(
      `${header}\n--changeset ann:1\nselect 1;\n\n-- changeset "bob lee":"two words"\nselect 2;\n`,
    ).list();
    expect(files.map(({ version, foreignKey }) => [version, foreignKey])).toEqual([
      ['db/changelog.sql::1::ann', 'db/changelog.sql::1::ann'],
      ['db/changelog.sql::two words::bob lee', 'db/changelog.sql::two words::bob lee'],
    ]);
  });

  it('hashes each changeset by itself', () => {
    const two = (second: string): string =>
      `${header}--changeset a:1\nselect 1;\n--changeset a:2\n${second}\n`;
    const [first, second] = open(two('select 2;')).list().files;
    const [same, changed] = open(two('select 3;')).list().files;
    expect(same?.checksum).toBe(first?.checksum);
    expect(changed?.checksum).not.toBe(second?.checksum);
  });

  it('keeps the lines of the file, and leaves what is said to Liquibase out', async () => {
    const [migration] = await read(
      '--changeset a:1\n--comment: why\nselect 1;\n--rollback select 2;\nselect 3;',
    );
    const up = migration?.up as SqlScript;
    expect(textsOf(up)).toEqual(['select 1', 'select 3']);
    expect(up.lineOffset).toBe(2);
    expect(up.text.split('\n')).toEqual(['', 'select 1;', '', 'select 3;']);
    const down = migration?.down as SqlScript;
    expect(textsOf(down)).toEqual(['select 2']);
    expect(down.lineOffset + down.text.slice(0, down.text.indexOf('select')).split('\n').length).toBe(5);
    expect(migration?.metadata).toMatchObject({ author: 'a', description: 'why' });
  });

  it('takes other ends of statements for semicolons', async () => {
    const body = 'create function f() returns int language sql as $$ select 1; $$';
    const [slashes, own, none] = await read(
      `--changeset a:1 endDelimiter://\n${body} //\nselect 1 //\n` +
        `--changeset a:2 endDelimiter:\\nGO\n${body}\nGO\nselect 1\ngo\n` +
        `--changeset a:3 splitStatements:false\n${body};\nselect 1;`,
    );
    for (const migration of [slashes, own, none]) {
      expect(textsOf(migration!.up).map((text) => text.trim())).toEqual([body, 'select 1']);
    }
  });

  it('fills in properties, the first that is said winning, and leaves unknown ones', async () => {
    const [migration] = await read(
      '--property name:who value:${given}\n--property name:who value:later\n--property name:ora value:x dbms:oracle\n' +
        "--changeset a:1\nselect '${who} ${ora} ${nobody}';",
      { parameters: { given: 'ann' } },
    );
    expect(textsOf(migration!.up)).toEqual(["select 'ann ${ora} ${nobody}'"]);
  });

  it('marks what contexts, labels and dbms keep out, and lists it all the same', () => {
    const sql =
      '--changeset a:1 context:prod\nselect 1;\n--changeset a:2 labels:slow\nselect 1;\n' +
      '--changeset a:3 dbms:oracle\nselect 1;\n--changeset a:4 ignore:true\nselect 1;\n--changeset a:5\nselect 1;';
    const { files } = open(header + sql, { contexts: ['dev'], labels: '!slow' }).list();
    expect(files.map(({ excluded }) => excluded === true)).toEqual([true, true, true, true, false]);
  });

  it('runs what is to run on change again in its place, and what is to run always every time', () => {
    const sql =
      '--changeset a:1 runOnChange:true\nselect 1;\n--changeset a:2 runAlways:true\nselect 1;\n--changeset a:3\nselect 1;';
    const first = open(header + sql).list().files;
    const second = open(header + sql).list().files;
    expect(first.map(({ version, repeatable }) => [version.at(-4), repeatable])).toEqual([
      ['1', true],
      ['2', true],
      ['3', false],
    ]);
    expect(first.map(({ checksum }, index) => checksum === second[index]?.checksum)).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('has a way back that does nothing where the changeset says so, and none where it says nothing', async () => {
    const [empty, none, block] = await read(
      '--changeset a:1\nselect 1;\n--rollback not required\n--changeset a:2\nselect 1;\n' +
        '--changeset a:3\nselect 1;\n/* liquibase rollback\nselect 2;\nselect 3; */',
    );
    expect(textsOf(empty!.down)).toEqual([]);
    expect(none!.down).toBeNull();
    expect(textsOf(block!.down)).toEqual(['select 2', 'select 3']);
  });

  it('asks for no transaction where the changeset wants none', async () => {
    const [migration] = await read('--changeset a:1 runInTransaction:false\nvacuum;');
    expect(migration?.metadata.transaction).toBe('none');
  });

  it('passes over the lines that it is told to ignore', async () => {
    const [migration] = await read(
      '--changeset a:1\nselect 1;\n--ignoreLines:start\n\\echo x\n--ignoreLines:end\nselect 2;\n--ignoreLines:1\n\\echo y\nselect 3;',
    );
    expect(textsOf(migration!.up)).toEqual(['select 1', 'select 2', 'select 3']);
  });

  it.each([
    ['- changeset a:1', '--changeset author:id'],
    ['--changeset a', '--changeset author:id'],
    ['-rollback select 1', '--rollback SQL'],
  ])('refuses %s by its line', (line, form) => {
    const { problems } = open(`${header}--changeset a:0\nselect 1;\n${line}\nselect 1;`).list();
    expect(problems.map(({ code, location, hint }) => [code, location?.line, hint])).toEqual([
      ['FOREIGN_FILE_INVALID', 4, `Write it as ${form}.`],
    ]);
  });

  it('refuses a changeset that another program is to run', () => {
    const { problems } = open(`${header}--changeset a:1 runWith:psql\nselect 1;`).list();
    expect(problems.map(({ code, location }) => [code, location?.line])).toEqual([
      ['FOREIGN_STEP_REFUSED', 2],
    ]);
  });

  it('refuses an empty changeset and one id twice', () => {
    const { problems } = open(
      `${header}--changeset a:1\n--changeset a:2\nselect 1;\n--changeset a:2\nselect 2;`,
    ).list();
    expect(problems.map(({ code }) => code)).toEqual(['FOREIGN_FILE_INVALID', 'MIGRATION_DUPLICATE']);
  });
});

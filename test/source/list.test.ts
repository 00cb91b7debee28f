import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createSource, type Source } from '../../src/source/source.js';
import { tempProject, type TempProject } from '../support/project.js';

let project: TempProject | undefined;
afterEach(() => project?.remove());

/** A project whose migrations folder holds these files. */
function source(files: Readonly<Record<string, string>>): Source {
  project = tempProject(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`migrations/${name}`, text])),
  );
  mkdirSync(join(project.dir, 'migrations'), { recursive: true });
  const options = { name: 'migrations', dir: join(project.dir, 'migrations'), format: 'native' } as const;
  return createSource(options, { root: project.dir });
}

const sha = (...parts: readonly string[]) => createHash('sha256').update(parts.join('\0')).digest('hex');

function names(files: Readonly<Record<string, string>>): string[] {
  return source(files)
    .list()
    .files.map((file) => `${file.version}|${file.name}`);
}

function problems(files: Readonly<Record<string, string>>): unknown[] {
  return source(files)
    .list()
    .problems.map(({ code, message }) => [code, message]);
}

describe('listing a folder', () => {
  it('gives name, version, format and the hash of the raw bytes', () => {
    const listing = source({ '0001_users.sql': 'select 1;\r\n' }).list();
    expect(listing.problems).toEqual([]);
    expect(listing.files).toEqual([
      {
        source: 'migrations',
        version: '0001',
        name: 'users',
        format: 'sql',
        repeatable: false,
        path: join(project?.dir ?? '', 'migrations', '0001_users.sql'),
        downPath: null,
        checksum: sha('select 1;\r\n'),
      },
    ]);
  });

  it('sorts versions of every form', () => {
    expect(
      names({
        'R__views.sql': 'select 1',
        '20240101093000_d.sql': 'select 1',
        '1710000000000_e.ts': 'export {}',
        '2017-09-23-182408_c.sql': 'select 1',
        '10_b.mjs': 'export {}',
        '0002_a.sql': 'select 1',
        'V1.5__v.sql': 'select 1',
      }),
    ).toEqual([
      '1.5|v',
      '0002|a',
      '10|b',
      '2017-09-23-182408|c',
      '20240101093000|d',
      '1710000000000|e',
      'R__views|views',
    ]);
  });

  it('joins the halves of a pair, and hashes both', () => {
    const { files, problems } = source({
      '0001_a.up.sql': 'create table a ();',
      '0001_a.down.sql': 'drop table a;',
      '0002_b.sql': 'create table b ();',
      '0002_b.down.sql': 'drop table b;',
    }).list();
    expect(problems).toEqual([]);
    expect(files.map((file) => [file.version, file.downPath?.endsWith('.down.sql')])).toEqual([
      ['0001', true],
      ['0002', true],
    ]);
    expect(files[0]?.checksum).toBe(sha('create table a ();', 'drop table a;'));
  });

  it('takes a folder with up.sql for a migration, and leaves other folders alone', () => {
    const { files, problems } = source({
      '2017-09-23-182408_posts/up.sql': 'create table posts ();',
      '2017-09-23-182408_posts/down.sql': 'drop table posts;',
      '0001_only_up/up.sql': 'select 1',
      'archive/0001_old.sql': 'select 1',
      'helpers/db.ts': 'export {}',
      '.hidden/up.sql': 'select 1',
    }).list();
    expect(problems).toEqual([]);
    expect(files.map((file) => [file.version, file.name, file.downPath !== null])).toEqual([
      ['0001', 'only_up', false],
      ['2017-09-23-182408', 'posts', true],
    ]);
  });

  it('ignores what is no migration', () => {
    expect(
      names({
        '.0001_hidden.sql': 'x',
        'README.md': 'x',
        '0001_types.d.ts': 'x',
        '0001_a.test.ts': 'x',
        '0001_a.js.map': 'x',
        '_shared.ts': 'x',
        '.gitkeep': '',
        '0002_a.sql': 'select 1',
      }),
    ).toEqual(['0002|a']);
  });

  it('sees that a file is repeatable by its name or its directive, and not by a mention', () => {
    const { files, problems } = source({
      'R__a.sql': 'select 1',
      '0001_b.sql': '-- description: x\n-- repeatable\nselect 1',
      'views.sql': '-- repeatable: true\ncreate or replace view v as select 1',
      '0002_c.sql': "insert into t values ('repeatable');\n-- repeatable\n",
      '0003_d.sql': '-- This is not repeatable, sadly\nselect 1',
    }).list();
    expect(problems).toEqual([]);
    expect(files.map((file) => [file.version, file.name, file.repeatable])).toEqual([
      ['0002', 'c', false],
      ['0003', 'd', false],
      ['0001', 'b', true],
      ['R__a', 'a', true],
      ['R__views', 'views', true],
    ]);
  });

  it('handles hostile names and names that are no ASCII', () => {
    expect(
      names({
        '0001_it\'s "quoted"; drop table x--.sql': 'select 1',
        '0002_línea_ü_表.sql': 'select 1',
        [`0004_${'x'.repeat(180)}.sql`]: 'select 1',
      }),
    ).toEqual(['0001|it\'s "quoted"; drop table x--', '0002|línea_ü_表', `0004|${'x'.repeat(180)}`]);
  });

  it('hashes files larger than its buffer whole', () => {
    const big = `select '${'x'.repeat(200_000)}';`;
    const exact = 'y'.repeat(65_536);
    const { files } = source({ '0001_big.sql': big, '0002_exact.sql': exact, '0003_small.sql': 'z' }).list();
    expect(files.map((file) => file.checksum)).toEqual([sha(big), sha(exact), sha('z')]);
  });

  it('follows links to files and folders', () => {
    const { list, dir } = source({ '0001_a.sql': 'select 1' });
    project?.write('elsewhere/b.sql', 'select 2');
    project?.write('elsewhere/c/up.sql', 'select 3');
    symlinkSync(join(project?.dir ?? '', 'elsewhere/b.sql'), join(dir, '0002_b.sql'));
    symlinkSync(join(project?.dir ?? '', 'elsewhere/c'), join(dir, '0003_c'));
    expect(list().files.map((file) => file.checksum)).toEqual([
      sha('select 1'),
      sha('select 2'),
      sha('select 3'),
    ]);
  });
});

describe('what a listing refuses', () => {
  it.each([
    [
      'the same version',
      { '0001_a.sql': 'x', '0001_b.sql': 'x' },
      /version 0001: ".*0001_a.sql" and ".*0001_b.sql"/,
    ],
    ['the same number', { '1_a.sql': 'x', '0001_b.sql': 'x' }, /0001 and 1 are one number/],
    ['the same day', { '2017-09-23_a.sql': 'x', '20170923_b.ts': 'x' }, /one number/],
    ['SQL and code', { '0001_a.sql': 'x', '0001_a.ts': 'x' }, /0001_a.sql" and ".*0001_a.ts"/],
    [
      'compiled code beside its source',
      { '0001_a.js': 'x', '0001_a.ts': 'x' },
      /0001_a.js" and ".*0001_a.ts"/,
    ],
    ['a folder and a file', { '0001_a/up.sql': 'x', '0001_a.sql': 'x' }, /0001_a\.sql" and|0001_a\/up\.sql/],
  ])('names both files of %s', (_, files, message) => {
    expect(problems(files as unknown as Record<string, string>)).toEqual([
      ['MIGRATION_DUPLICATE', expect.stringMatching(message)],
    ]);
  });

  it('keeps the first of two duplicates in the listing', () => {
    expect(names({ '0001_b.sql': 'x', '0001_a.sql': 'x' })).toEqual(['0001|a']);
  });

  it('does not take two forms of the same moment for duplicates', () => {
    expect(names({ '20240101_a.sql': 'x', '20240101000000_b.sql': 'x' })).toEqual([
      '20240101|a',
      '20240101000000|b',
    ]);
  });

  it.each([
    ['create_users.sql', /no version/],
    ['helpers.ts', /no version/],
    ['_draft.sql', /no version/],
  ])('refuses %s, which has no version', (name, message) => {
    expect(problems({ [name]: 'select 1' })).toEqual([
      ['MIGRATION_NAME_INVALID', expect.stringMatching(message)],
    ]);
  });

  it('refuses a control character in a name, and shows it escaped', () => {
    expect(problems({ '0003_with\nnewline.sql': 'select 1' })).toEqual([
      ['MIGRATION_NAME_INVALID', expect.stringMatching(/with\\nnewline\.sql" holds a control character/)],
    ]);
  });

  it('refuses a way down without its way up, and a version folder without up.sql', () => {
    expect(problems({ '0001_a.down.sql': 'x', '0002_b/migration.sql': 'x' })).toEqual([
      ['MIGRATION_NAME_INVALID', expect.stringMatching(/0002_b" has the name of a migration/)],
      ['MIGRATION_NAME_INVALID', expect.stringMatching(/0001_a.down.sql" is a way down/)],
    ]);
  });

  it('reports a broken link, and lists the others', () => {
    const { list, dir } = source({ '0001_a.sql': 'x' });
    symlinkSync(join(dir, 'nowhere'), join(dir, '0002_b.sql'));
    const { files, problems } = list();
    expect(files).toHaveLength(1);
    expect(problems).toMatchObject(
      [{ code: 'MIGRATION_UNREADABLE', message: /0002_b\.sql" cannot be read/ }].map(({ code, message }) => ({
        code,
        message: expect.stringMatching(message) as string,
      })),
    );
  });

  it.skipIf(process.getuid?.() === 0)('reports a file that may not be read', () => {
    const { list, dir } = source({ '0001_a.sql': 'x' });
    chmodSync(join(dir, '0001_a.sql'), 0o000);
    expect(list().problems).toMatchObject([{ code: 'MIGRATION_UNREADABLE' }]);
  });

  it('pauses before it reads a file, and again and again, and gives the same in the end', () => {
    const files = Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`${index + 1}_a.sql`, `select ${index};`]),
    );
    const { list, listInSlices, dir } = source(files);
    const whole = list();
    const slices = listInSlices();
    expect(slices.next().done).toBe(false);
    writeFileSync(join(dir, '1_a.sql'), 'select 0; -- changed in the first pause');
    let pauses = 1;
    for (let slice = slices.next(); ; slice = slices.next()) {
      if (slice.done === true) {
        expect(slice.value.files.slice(1)).toEqual(whole.files.slice(1));
        expect(slice.value.files[0]?.checksum).not.toBe(whole.files[0]?.checksum);
        break;
      }
      pauses += 1;
    }
    expect(pauses).toBeGreaterThan(2);
  });

  it('misses a folder before its first pause', () => {
    project = tempProject();
    const options = { name: 'm', dir: join(project.dir, 'migrations'), format: 'native' } as const;
    const slices = createSource(options, { root: project.dir }).listInSlices();
    expect(() => slices.next()).toThrow(expect.objectContaining({ code: 'MIGRATIONS_DIR_MISSING' }));
  });

  it('says how to make a folder that is not there', () => {
    project = tempProject();
    const missing = createSource(
      { name: 'm', dir: join(project.dir, 'migrations'), format: 'native' },
      { root: project.dir },
    );
    expect(() => missing.list()).toThrow(
      expect.objectContaining({
        code: 'MIGRATIONS_DIR_MISSING',
        message: 'The migrations folder "migrations" does not exist.',
        hint: expect.stringMatching(/lockkeeper init.*lockkeeper new/) as string,
      }),
    );
  });

  it('says so when the folder is a file', () => {
    project = tempProject({ migrations: 'x' });
    const file = createSource(
      { name: 'm', dir: join(project.dir, 'migrations'), format: 'native' },
      { root: project.dir },
    );
    expect(() => file.list()).toThrow(expect.objectContaining({ code: 'MIGRATIONS_DIR_MISSING' }));
  });
});

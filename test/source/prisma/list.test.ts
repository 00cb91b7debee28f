import { hash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { FileReader } from '../../../src/source/file-bytes.js';
import { prisma } from '../../../src/source/prisma/index.js';
import type { FormatSource } from '../../../src/source/format.js';
import { tempProject, type TempProject } from '../../support/project.js';

let project: TempProject | null = null;

afterEach(() => {
  project?.remove();
  project = null;
});

function open(files: Readonly<Record<string, string>>): FormatSource {
  project = tempProject(files);
  const dir = `${project.dir}/prisma/migrations`;
  return prisma.open(
    { name: 'prisma/migrations', dir, format: 'prisma' },
    { root: project.dir, reader: new FileReader() },
  );
}

const migration = (name: string): Record<string, string> => ({
  [`prisma/migrations/${name}/migration.sql`]: 'select 1;',
});

describe('the folder of Prisma', () => {
  it('takes every folder for a migration, in the order in which Prisma runs them', () => {
    const { files, problems } = open({
      ...migration('20240102000000_second'),
      ...migration('20240101000000_first'),
      ...migration('0_init'),
      ...migration('fix_names'),
      ...migration('20240101_first_day'),
      'prisma/migrations/migration_lock.toml': '# a comment\nprovider = "postgresql"\n',
      'prisma/migrations/readme.md': 'Not a migration.',
    }).list();
    expect(problems).toEqual([]);
    expect(files.map(({ version, name, foreignKey }) => [version, name, foreignKey])).toEqual([
      ['0_init', 'init', '0_init'],
      ['20240101_first_day', 'first_day', '20240101_first_day'],
      ['20240101000000_first', 'first', '20240101000000_first'],
      ['20240102000000_second', 'second', '20240102000000_second'],
      ['fix_names', '', 'fix_names'],
    ]);
  });

  it('finds a way back beside the way up', () => {
    const { files } = open({
      ...migration('1_a'),
      'prisma/migrations/1_a/down.sql': 'select 2;',
      ...migration('2_b'),
    }).list();
    expect(files.map(({ downPath }) => downPath?.slice(-12) ?? null)).toEqual(['1_a/down.sql', null]);
  });

  it('refuses a folder without migration.sql by its name', () => {
    const { problems } = open({ ...migration('1_a'), 'prisma/migrations/2_b/notes.txt': '' }).list();
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['MIGRATION_NAME_INVALID', 'The folder "prisma/migrations/2_b" holds no migration.sql.'],
    ]);
  });

  it('refuses the migrations of another database', () => {
    const { problems } = open({
      ...migration('1_a'),
      'prisma/migrations/migration_lock.toml': 'provider = "mysql"\n',
    }).list();
    expect(problems[0]).toMatchObject({
      code: 'CONFIG_INVALID',
      message:
        '"prisma/migrations/migration_lock.toml", which belongs to these migrations, says that they are for "mysql".',
    });
  });

  it('says where the folder should be', () => {
    expect(() => open({}).list()).toThrow('The migrations folder "prisma/migrations" does not exist.');
  });
});

describe('the files of Prisma', () => {
  it('are SQL as they stand: our own markers and directives mean nothing in them', async () => {
    const source = open({
      'prisma/migrations/1_a/migration.sql': '-- depends: 7\nselect 1;\n-- migrate:down\nselect 2;\n',
    });
    const { migrations, problems } = await source.read(source.list().files);
    expect(problems).toEqual([]);
    expect(migrations[0]).toMatchObject({ down: null, metadata: { depends: [] }, keepsSession: true });
    expect(migrations[0]?.up).toMatchObject({ kind: 'sql', file: 'prisma/migrations/1_a/migration.sql' });
    expect(migrations[0]?.up.kind === 'sql' && migrations[0].up.statements.length).toBe(2);
  });

  it('may hold nothing but comments', async () => {
    const source = open({ 'prisma/migrations/1_a/migration.sql': '-- This is an empty migration.' });
    const { migrations, problems } = await source.read(source.list().files);
    expect(problems).toEqual([]);
    expect(migrations[0]?.up).toMatchObject({ statements: [] });
  });

  it('have the sha256 of migration.sql alone as their checksum', async () => {
    const source = open({
      'prisma/migrations/1_a/migration.sql': 'hello',
      'prisma/migrations/1_a/down.sql': 'select 1',
    });
    const { migrations } = await source.read(source.list().files);
    expect(migrations[0]?.foreign?.checksum).toBe(
      '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    );
  });
});

describe('the checksums of Prisma', () => {
  const recordOf = async (text: string) => {
    const source = open({ 'prisma/migrations/1_a/migration.sql': text });
    const { migrations } = await source.read(source.list().files);
    return migrations[0]?.foreign;
  };
  const sha256 = (text: string): string => hash('sha256', text, 'hex');

  it('are the same to Prisma, and to us, whatever Git did to line ends', async () => {
    const unix = 'select 1;\nselect 2;\n';
    const windows = unix.replaceAll('\n', '\r\n');
    expect((await recordOf(unix))?.accepts?.(sha256(windows))).toBe(true);
    expect((await recordOf(windows))?.accepts?.(sha256(unix))).toBe(true);
    expect((await recordOf(unix))?.accepts?.(sha256('select 1;'))).toBe(false);
  });

  it('may be those of its first versions, which left zeros out', async () => {
    const text = 'select 1;';
    const bytes = sha256(text).match(/../g) ?? [];
    const old = bytes.map((byte) => Number.parseInt(byte, 16).toString(16)).join('');
    expect(old.length).toBeLessThan(64);
    expect((await recordOf(text))?.accepts?.(old)).toBe(true);
  });
});

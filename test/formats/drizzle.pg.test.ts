import { afterEach, describe, expect, it } from 'vitest';
import { failure } from '../app/workspace.js';
import { latest, servers } from '../support/database.js';
import { migrateWithDrizzle } from '../support/drizzle.js';
import { closeForeignSides, type ForeignSide, openForeignSide } from '../support/foreign-side.js';
import { describeSchema } from '../support/schema.js';

afterEach(closeForeignSides);

const tags = ['0000_quiet_furrow', '0001_brave_harrow', '0002_first_rows', '0003_cold_snap'];

const history = (side: ForeignSide, table = 'drizzle.__drizzle_migrations'): Promise<readonly object[]> =>
  side.database.query(`select hash, created_at from ${table} order by id`);

interface Entry {
  readonly tag: string;
  readonly when: number;
}

/** A folder with these migrations, each a file and an entry of the journal. */
function folder(files: Readonly<Record<string, string>>, entries?: readonly Entry[]): Record<string, string> {
  const listed = entries ?? Object.keys(files).map((tag, index) => ({ tag, when: 1000 * (index + 1) }));
  const journal = {
    version: '7',
    dialect: 'postgresql',
    entries: listed.map((entry, idx) => ({ idx, version: '7', breakpoints: true, ...entry })),
  };
  return {
    'drizzle/meta/_journal.json': JSON.stringify(journal),
    'drizzle.config.json': '{"dialect":"postgresql"}',
    'lockkeeper.config.json': '{"migrations":{"dir":"drizzle","format":"drizzle"}}',
    ...Object.fromEntries(Object.entries(files).map(([tag, sql]) => [`drizzle/${tag}.sql`, sql])),
  };
}

describe.each(servers)('examples/drizzle on PostgreSQL $major', (server) => {
  const open = (): Promise<ForeignSide> => openForeignSide({ server, example: 'drizzle' });

  it('comes to the same schema, data and history as with Drizzle', async () => {
    const [theirs, ours] = [await open(), await open()];
    await migrateWithDrizzle(theirs);
    const { applied } = await ours.up();
    expect(applied.map(({ version }) => version)).toEqual(tags);
    expect(await describeSchema(ours.database)).toBe(await describeSchema(theirs.database));
    const rows =
      'select b.name, square_metres, species, likes from plants p join beds b on b.id = bed_id order by 1';
    expect(await ours.database.query(rows)).toEqual(await theirs.database.query(rows));
    expect(await history(ours)).toEqual(await history(theirs));
    await migrateWithDrizzle(ours);
    expect(await history(ours)).toHaveLength(tags.length);
  });

  it('agrees with Drizzle on what is pending, after any ups and downs', async () => {
    const side = await open();
    await side.up();
    await side.down({ steps: 3 });
    expect(await side.pending()).toEqual(tags.slice(1));
    await migrateWithDrizzle(side);
    expect(await side.pending()).toEqual([]);
    await side.down({ steps: 4 });
    expect(await history(side)).toEqual([]);
    await side.up({ steps: 2 });
    await migrateWithDrizzle(side);
    expect(await side.applied()).toEqual(tags);
  });
});

describe('a folder of Drizzle', () => {
  const open = (files: Readonly<Record<string, string>>): Promise<ForeignSide> =>
    openForeignSide({ server: latest, files });

  it('may keep its history in another table', async () => {
    const files = {
      ...folder({ '0000_a': 'create table a (id int);' }),
      'drizzle.config.json': JSON.stringify({
        dialect: 'postgresql',
        migrations: { table: 'done', schema: 'public' },
      }),
    };
    const side = await open(files);
    await side.up();
    expect(await history(side, 'public.done')).toHaveLength(1);
    await migrateWithDrizzle(side, { migrationsTable: 'done', migrationsSchema: 'public' });
    expect(await history(side, 'public.done')).toHaveLength(1);
  });

  it('is read as Drizzle cuts it: a breakpoint ends a statement', async () => {
    const sql =
      'create table a (id int)\n--> statement-breakpoint\ncreate table b (id int)--> statement-breakpoint create table c (id int)';
    const side = await open(folder({ '0000_a': sql }));
    await side.up();
    await side.database.query('select from a, b, c');
    await migrateWithDrizzle(side);
  });

  it('runs what Drizzle silently skips, and tells of it', async () => {
    const files = folder({ '0000_a': 'create table a (id int);', '0001_b': 'create table b (id int);' }, [
      { tag: '0000_a', when: 2000 },
    ]);
    const [theirs, ours] = [await open(files), await open(files)];
    const merged = folder({}, [
      { tag: '0000_a', when: 2000 },
      { tag: '0001_b', when: 1000 },
    ]);
    for (const side of [theirs, ours]) {
      await migrateWithDrizzle(side);
      side.project.write('drizzle/meta/_journal.json', merged['drizzle/meta/_journal.json'] ?? '');
      await migrateWithDrizzle(side);
      expect(await history(side)).toHaveLength(1);
    }
    const lockkeeper = await ours.open();
    const warnings: string[] = [];
    lockkeeper.on('warning', ({ code }) => void warnings.push(code));
    await lockkeeper.adopt({ yes: true });
    await lockkeeper.up();
    expect(warnings).toContain('skipped-by-drizzle');
    expect(await ours.applied()).toEqual(['0000_a', '0001_b']);
    expect(await history(ours)).toHaveLength(2);
  });

  it('knows a row by its time, and by its hash where the journal has another time now', async () => {
    const files = folder({ '0000_a': 'create table a (id int);', '0001_b': 'create table b (id int);' });
    const side = await open(files);
    await migrateWithDrizzle(side);
    side.project.write('drizzle/0000_a.sql', 'create table a (id integer);');
    side.project.write('drizzle/0001_b.down.sql', 'drop table b;');
    const moved = folder({}, [
      { tag: '0000_a', when: 1000 },
      { tag: '0001_b', when: 2500 },
    ]);
    side.project.write('drizzle/meta/_journal.json', moved['drizzle/meta/_journal.json'] ?? '');
    const report = await (await side.open()).adopt({ yes: true });
    expect(report.sources[0]).toMatchObject({
      adopted: [{ version: '0000_a' }, { version: '0001_b' }],
      changed: [{ version: '0000_a' }],
    });
    expect(await side.pending()).toEqual([]);
  });

  it('may be of version 1: folders without a journal', async () => {
    const files = {
      'drizzle/20250310081500_first/migration.sql':
        'create table a (id int);--> statement-breakpoint\ncreate table b (id int);',
      'drizzle/20250310081500_first/snapshot.json': '{}',
      'drizzle/20250311081500_second/migration.sql': 'create index concurrently a_id on a (id);',
      'drizzle/20250311081500_second/down.sql': 'drop index a_id;',
      'lockkeeper.config.json': '{"migrations":{"dir":"drizzle","format":"drizzle"}}',
    };
    const side = await open(files);
    await side.up();
    expect(
      await side.database.query('select created_at, name from drizzle.__drizzle_migrations order by id'),
    ).toEqual([
      { created_at: String(Date.UTC(2025, 2, 10, 8, 15)), name: '20250310081500_first' },
      { created_at: String(Date.UTC(2025, 2, 11, 8, 15)), name: '20250311081500_second' },
    ]);
    await side.down();
    expect(await side.applied()).toEqual(['20250310081500_first']);
    expect(await history(side)).toHaveLength(1);
  });

  it('finds rows that an older version of Drizzle wrote, after the folder was brought to version 1', async () => {
    const side = await open(
      folder({ '0000_a': 'create table a (id int);' }, [{ tag: '0000_a', when: 1741594500123 }]),
    );
    await migrateWithDrizzle(side);
    side.project.delete('drizzle');
    side.project.write('drizzle/20250310081500_a/migration.sql', 'create table a (id int);');
    side.project.write('drizzle/20250311081500_b/migration.sql', 'create table b (id int);');
    await (await side.open()).adopt({ yes: true });
    expect(await side.pending()).toEqual(['20250311081500_b']);
    await side.up();
    expect(await history(side)).toHaveLength(2);
  });

  it.each([
    [
      'a file that is not there',
      folder({ '0000_a': 'select 1;' }, [
        { tag: '0000_a', when: 1 },
        { tag: '0001_b', when: 2 },
      ]),
      '"drizzle/0001_b.sql" does not exist, and drizzle/meta/_journal.json lists it.',
    ],
    [
      'two entries of one number',
      {
        ...folder({ '0000_a': 'select 1;', '0000_b': 'select 1;' }),
        'drizzle/meta/_journal.json':
          '{"entries":[{"idx":0,"when":1,"tag":"0000_a"},{"idx":0,"when":2,"tag":"0000_b"}]}',
      },
      'has two entries with idx 0: "0000_a" and "0000_b"',
    ],
    [
      'a journal that is not JSON',
      { ...folder({ '0000_a': 'select 1;' }), 'drizzle/meta/_journal.json': '{"entries":[\n<<<<<<< HEAD\n' },
      'It holds the marks of a merge conflict.',
    ],
    [
      'an entry without a time',
      {
        ...folder({ '0000_a': 'select 1;' }),
        'drizzle/meta/_journal.json': '{"entries":[{"idx":0,"tag":"0000_a"}]}',
      },
      'the entry "0000_a" has no time "when"',
    ],
    [
      'another database',
      {
        ...folder({ '0000_a': 'select 1;' }),
        'drizzle/meta/_journal.json': '{"dialect":"mysql","entries":[]}',
      },
      'says that its migrations are for "mysql"',
    ],
    [
      'files without a journal',
      {
        'drizzle/0000_a.sql': 'select 1;',
        'lockkeeper.config.json': '{"migrations":{"dir":"drizzle","format":"drizzle"}}',
      },
      '"drizzle/meta/_journal.json" does not exist',
    ],
    [
      'a breakpoint inside of a string',
      folder({ '0000_a': `select '--> statement-breakpoint';` }),
      'stands inside of a statement (SELECT)',
    ],
  ])('refuses %s', async (_, files, message) => {
    const side = await open(files);
    expect((await failure(side.up())).message).toContain(message);
  });

  it('tells of SQL files that the journal does not list', async () => {
    const side = await open({ ...folder({ '0000_a': 'select 1;' }), 'drizzle/0001_lost.sql': 'select 2;' });
    const lockkeeper = await side.open();
    const warnings: string[] = [];
    lockkeeper.on('warning', ({ message }) => void warnings.push(message));
    await lockkeeper.up();
    expect(warnings.filter((message) => message.includes('0001_lost'))).toEqual([
      'drizzle/0001_lost.sql: the journal of Drizzle does not list this file, so it is no migration.',
    ]);
  });
});

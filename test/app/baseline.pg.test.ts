import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { servers } from '../support/database.js';
import { dumpableServers } from '../support/schema-dump.js';
import { createWorkspace, failure, type Workspace } from './workspace.js';

const schema = `
  create type mood as enum ('calm', 'wild; really');
  create table person (id bigint generated always as identity primary key, mood mood not null default 'calm');
  create function f() returns int language sql as 'select 1; select 2';
  create view calm as select id from person where mood = 'calm';
  comment on table person is 'a "person"';
`;

const dump = ({ database }: Workspace): string =>
  spawnSync('pg_dump', ['--schema-only', '--no-owner', '--exclude-schema=lockkeeper', database.url], {
    encoding: 'utf8',
  }).stdout.replaceAll(/^\\(?:un)?restrict .*$/gm, '');

// The pg_dump on the PATH refuses servers that are newer than it.
const [older] = dumpableServers;
const newer = servers.find((server) => !dumpableServers.includes(server));

describe.skipIf(older === undefined)('a baseline', () => {
  const server = older === undefined ? {} : { server: older };

  it('is the schema that is there, recorded as applied, and makes the same schema elsewhere', async () => {
    const app = await createWorkspace({}, server);
    await app.database.query(schema);
    const lockkeeper = await app.open();
    const dry = await lockkeeper.adopt({ baseline: true, dryRun: true });
    expect(app.project.list('migrations')).toEqual(['.keep']);
    expect((await failure(lockkeeper.adopt({ baseline: true }))).code).toBe('CONFIRMATION_MISSING');
    const { baseline } = await lockkeeper.adopt({ baseline: true, yes: true });
    expect(baseline?.statements).toBe(dry.baseline?.statements);
    const text = app.project.read(baseline?.file ?? '');
    expect(text).toContain('CREATE VIEW public.calm');
    expect(text).not.toContain('schema_migrations');
    expect(await app.applied()).toEqual([baseline?.version]);
    expect((await lockkeeper.up()).warnings).toEqual([]);
    expect((await lockkeeper.verify()).ok).toBe(true);

    const other = await createWorkspace({ [`${baseline?.version}_baseline.sql`]: text }, server);
    await other.up();
    expect(dump(other)).toBe(dump(app));
  });

  it('is refused where there is a history, and where there is nothing', async () => {
    const app = await createWorkspace({ '1_a.sql': 'create table a (id int);' }, server);
    const lockkeeper = await app.open();
    expect((await failure(lockkeeper.adopt({ baseline: true, yes: true }))).message).toContain(
      '1 migrations already',
    );
    await lockkeeper.up();
    expect((await failure(lockkeeper.adopt({ baseline: true, yes: true }))).message).toContain(
      '1 migrations are applied',
    );
    const empty = await createWorkspace({}, server);
    expect((await failure((await empty.open()).adopt({ baseline: true, yes: true }))).message).toContain(
      'no schema',
    );
  });
});

it.skipIf(newer === undefined || older === undefined)(
  'a pg_dump that is older than the server is named',
  async () => {
    const app = await createWorkspace({}, newer === undefined ? {} : { server: newer });
    const error = await failure((await app.open()).adopt({ baseline: true, yes: true }));
    expect(error).toMatchObject({ code: 'PROGRAM_MISSING', exit: 2 });
    expect(error.message).toMatch(/pg_dump on the PATH is of PostgreSQL \d+, and the server is 18/);
  },
);

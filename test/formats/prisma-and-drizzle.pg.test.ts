import { afterEach, describe, expect, it } from 'vitest';
import { failure } from '../app/workspace.js';
import { latest, servers } from '../support/database.js';
import { migrateWithDrizzle } from '../support/drizzle.js';
import { closeForeignSides, type ForeignSide, openForeignSide } from '../support/foreign-side.js';
import { prismaEngine, type PrismaEngine, upToDate } from '../support/prisma.js';

afterEach(closeForeignSides);

const versions = ['20250310081500_accounts', '0000_sessions', '20250401120000_last_seen', '0001_devices'];

const engineOf = (side: ForeignSide): PrismaEngine =>
  prismaEngine(`${side.project.dir}/prisma/migrations`, { url: side.database.url });

const drizzleRows = async (side: ForeignSide): Promise<number> =>
  (await side.database.query('select from drizzle.__drizzle_migrations')).length;

/** The example's configuration is TypeScript that imports our name; here it is the same as JSON. */
const config = (dependsOn: unknown = { '0000_sessions': ['20250310081500_accounts'] }): string =>
  JSON.stringify({
    migrations: [
      { dir: 'prisma/migrations', format: 'prisma' },
      { dir: 'drizzle', format: 'drizzle', dependsOn },
    ],
  });

async function open(server = latest, dependsOn?: unknown): Promise<ForeignSide> {
  const files = {
    'lockkeeper.config.json': config(dependsOn),
    'drizzle.config.json': '{"dialect":"postgresql"}',
  };
  const side = await openForeignSide({ server, example: 'prisma-and-drizzle', files });
  for (const name of ['lockkeeper.config.ts', 'drizzle.config.ts']) side.project.delete(name);
  return side;
}

describe.each(servers)('Prisma and Drizzle in one project, on PostgreSQL $major', (server) => {
  it('run in one order, and each finds its own history true after any ups and downs', async () => {
    const side = await open(server);
    const { applied } = await side.up();
    expect(applied.map(({ version }) => version)).toEqual(versions);
    expect(await engineOf(side).status()).toEqual(upToDate);
    await migrateWithDrizzle(side);
    expect(await drizzleRows(side)).toBe(2);

    await side.down({ steps: 2 });
    expect(await side.applied()).toEqual(versions.slice(0, 2));
    expect((await engineOf(side).status()).history?.unappliedMigrationNames).toEqual([versions[2]]);
    expect(await drizzleRows(side)).toBe(1);
    await migrateWithDrizzle(side);
    expect(await side.pending()).toEqual([versions[2]]);
    expect(await engineOf(side).deploy()).toEqual([versions[2]]);
    expect(await side.pending()).toEqual([]);
    await side.up();
    expect(await engineOf(side).status()).toEqual(upToDate);
    await side.down({ all: true });
    expect(await side.applied()).toEqual([]);
  });
});

describe('dependencies between two folders', () => {
  it('are kept where only a part is chosen, and on the way down', async () => {
    const side = await open();
    expect((await failure(side.up({ only: '0000_sessions' }))).code).toBe('MIGRATION_DEPENDENCY_PENDING');
    await side.up({ to: '0000_sessions' });
    expect(await side.applied()).toEqual(versions.slice(0, 2));
    const error = await failure(side.down({ only: '20250310081500_accounts' }));
    expect([error.code, error.message]).toEqual([
      'MIGRATION_NEEDED',
      'Migration 20250310081500_accounts cannot be undone: 0000_sessions is applied and depends on it.',
    ]);
  });

  it('without which the order is that of the times', async () => {
    const side = await open(latest, {});
    expect((await failure(side.up())).message).toContain('relation "public.accounts" does not exist');
    expect(await side.pending()).toEqual([
      '0000_sessions',
      ...versions.filter((version) => version !== '0000_sessions'),
    ]);
  });

  it.each([
    [
      'a migration that its folder has not',
      { '0009_nothing': ['0000_sessions'] },
      'MIGRATION_DEPENDENCY_UNKNOWN',
      'names the migration "0009_nothing", and its folder has none of that name',
    ],
    [
      'something that is nowhere',
      { '0000_sessions': ['20250310081500_acounts'] },
      'MIGRATION_DEPENDENCY_UNKNOWN',
      'Did you mean "20250310081500_accounts"?',
    ],
    [
      'a circle',
      { '0000_sessions': '0001_devices', '0001_devices': '0000_sessions' },
      'MIGRATION_DEPENDENCY_CYCLE',
      '0000_sessions → 0001_devices → 0000_sessions',
    ],
    ['no list of names', { '0000_sessions': 7 }, 'CONFIG_INVALID', 'dependsOn'],
  ])('are refused where they name %s', async (_, dependsOn, code, message) => {
    const side = await open(latest, dependsOn);
    const error = await failure(side.up());
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

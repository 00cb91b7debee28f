import { LockkeeperError } from '../../core/errors.js';
import type { MigrationDatabase } from '../../migration/database.js';
import type { CodeScript } from '../../migration/migration.js';
import { quoteIdent } from '../../sql/quote.js';
import type { DbMigrateLibrary } from './library.js';

/** `up` or `down` of a file: it answers by the callback, by a promise, or by null at once. */
export type Action = (db: object, callback: (error?: unknown) => void) => unknown;

/** One way of one migration. */
export interface Way {
  readonly action: Action;
  readonly setup: unknown;
  readonly library: DbMigrateLibrary;
  readonly schema: string;
  /**
   * `ours`: around the function and its history. `tools`: begun and committed as the tool does, so that the function may
   * end it. `none`: the project is told to have none.
   */
  readonly transaction: 'ours' | 'tools' | 'none';
  /** What the tool hands to its migrations as `this`. */
  readonly self: object;
  readonly shown: string;
}

export function scriptOf(way: Way): CodeScript {
  return { kind: 'code', file: way.shown, ownConnection: false, run: (db) => run(db, way) };
}

async function run(db: MigrationDatabase, way: Way): Promise<void> {
  await setSearchPath(db, way.schema);
  const port = await way.library.open(db.client, way.schema);
  if (typeof way.setup === 'function') (way.setup as Setup)(way.library.setupOptions, noSeeds(way.shown));
  if (way.transaction === 'tools') await db.exec('begin');
  await callAction(way, port);
  if (way.transaction === 'tools') await db.exec('commit');
}

type Setup = (options: object, seedLink: object) => void;

/** Sessions whose search_path begins with the schema already; a migration behind may have set another one. */
const prepared = new WeakSet<object>();

/** The tool puts the schema before the search_path when a run begins, and not again. */
async function setSearchPath(db: MigrationDatabase, schema: string): Promise<void> {
  const { connection } = db.client as unknown as { readonly connection: object };
  if (schema === 'public' || prepared.has(connection)) return;
  const { rows } = await db.query<{ path: string }>("select current_setting('search_path') as path");
  const path = rows[0]?.path ?? '';
  await db.exec(`set search_path to ${quoteIdent(schema)}${path === '' ? '' : `, ${path}`}`);
  prepared.add(connection);
}

async function callAction({ action, self, shown }: Way, port: object): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (error?: unknown): void => (isNothing(error) ? resolve() : reject(error));
    const returned: unknown = action.call(self, port, done);
    if (returned === null) resolve();
    else if (isThenable(returned)) returned.then(() => resolve(), reject);
    else if (action.length < 2) reject(neverEnds(shown));
  });
}

const isNothing = (error: unknown): boolean => error === undefined || error === null || error === false;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { readonly then?: unknown } | undefined)?.then === 'function';

/** With the tool itself such a migration never comes to its end. */
function neverEnds(shown: string): LockkeeperError {
  return new LockkeeperError('MIGRATION_SHAPE_INVALID', {
    message: `A function of "${shown}" takes no callback and returned neither a promise nor null, so nobody can know when it has ended.`,
    hint: 'Return the promise of its last call, or null.',
  });
}

function noSeeds(shown: string): object {
  const refuse = (): never => {
    throw new LockkeeperError('FOREIGN_STEP_REFUSED', {
      message: `"${shown}" calls a seeder of db-migrate, which is no migration.`,
      hint: 'Put what the seeder does into the migration, or run it as a seed.',
    });
  };
  return { seed: refuse, link: refuse, process: () => {}, clear: () => {}, links: [] };
}

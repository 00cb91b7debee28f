import { LockkeeperError } from '../../core/errors.js';
import type { MigrationDatabase } from '../../migration/database.js';
import type { CodeScript } from '../../migration/migration.js';
import { quoteIdent } from '../../sql/quote.js';

/** What we use of the library's MigrationBuilder. */
export interface Builder {
  enableReverseMode(): unknown;
  getSqlSteps(): readonly string[];
  isUsingTransaction(): boolean;
}

export type BuilderClass = new (
  db: object,
  shorthands: Shorthands,
  decamelize: boolean,
  logger: object,
) => Builder;

export type Shorthands = Readonly<Record<string, unknown>>;

/** `up` or `down` of a file: with two parameters it takes a callback, whatever it returns. */
export type Action = (pgm: Builder, done?: (error?: unknown) => void) => unknown;

/** One way of one migration. */
export interface Way {
  readonly action: Action;
  /** The way back is made of the way up. */
  readonly reverse: boolean;
  readonly MigrationBuilder: BuilderClass;
  readonly shorthands: Shorthands;
  readonly decamelize: boolean;
  readonly schemas: readonly string[];
  /** False where the file asks for no transaction. */
  readonly transaction: boolean;
  readonly shown: string;
}

/**
 * Calls the function, which says its statements to a builder and may query meanwhile, and then sends what was gathered,
 * in that order, as the library does.
 */
export function scriptOf(way: Way): CodeScript {
  return { kind: 'code', file: way.shown, ownConnection: false, run: (db) => run(db, way) };
}

async function run(db: MigrationDatabase, way: Way): Promise<void> {
  const { MigrationBuilder, shorthands, decamelize, transaction } = way;
  const pgm = new MigrationBuilder(queriesOf(db), shorthands, decamelize, silent);
  if (way.reverse) pgm.enableReverseMode();
  const sites = noteSites(pgm);
  if (way.schemas.length > 0) await db.exec(searchPathOf(way.schemas));
  const query = db.client.query.bind(db.client) as Query;
  // Whether there is to be no transaction is said inside of one: that of the queries that the function makes itself.
  if (!transaction) await db.exec('begin');
  await callAction(way.action, pgm);
  const leaves = !pgm.isUsingTransaction();
  if (transaction && leaves) throw unforeseen(way.shown);
  if (leaves) await db.exec('commit');
  const places = way.reverse ? sites.toReversed() : sites;
  for (const [index, text] of pgm.getSqlSteps().entries()) await query({ text, site: places[index] });
  if (!transaction && !leaves) await db.exec('commit');
}

export const searchPathOf = (schemas: readonly string[]): string =>
  `set search_path to ${schemas.map(quoteIdent).join(', ')}`;

type Query = (...args: unknown[]) => Promise<{ readonly rows: readonly Record<string, unknown>[] }>;

/**
 * Where each step of a builder is said, in the order in which they are: the library keeps the SQL alone, and sends it
 * when the function has ended.
 */
function noteSites(pgm: Builder): readonly Error[] {
  const sites: Error[] = [];
  const said = pgm as unknown as Record<string, unknown>;
  for (const [name, method] of Object.entries(said)) {
    if (typeof method !== 'function') continue;
    const noting = (...args: unknown[]): unknown => {
      const result = method.apply(pgm, args) as unknown;
      const site = new Error('call site');
      while (sites.length < pgm.getSqlSteps().length) sites.push(site);
      return result;
    };
    said[name] = Object.assign(noting, method);
  }
  return sites;
}

/** What a builder hands out as `pgm.db`. */
function queriesOf({ client }: MigrationDatabase): object {
  const query: Query = (...args) => (client.query as Query).apply(client, args);
  const select = async (...args: unknown[]): Promise<readonly Record<string, unknown>[]> =>
    (await query(...args)).rows;
  const column = async (name: string, ...args: unknown[]): Promise<readonly unknown[]> =>
    (await select(...args)).map((row) => row[name]);
  return { query, select, column };
}

async function callAction(action: Action, pgm: Builder): Promise<void> {
  if (action.length !== 2) {
    await action(pgm);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const done = (error?: unknown): void => (error instanceof Error ? reject(error) : resolve());
    const returned = action(pgm, done);
    if (returned instanceof Promise) returned.catch(reject);
  });
}

/** The library tells of every statement; ours are told by the run. */
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The functions of a file that say so in their own text run without a transaction from the start. */
export function asksForNoTransaction(action: Action, other: Action | null, text: string): boolean {
  const says = (code: string): boolean => /\bnoTransaction\b/.test(code);
  if (!says(text)) return false;
  return says(action.toString()) || other === null || !says(other.toString());
}

function unforeseen(shown: string): LockkeeperError {
  return new LockkeeperError('TRANSACTION_CONTROL_REFUSED', {
    message: `"${shown}" calls pgm.noTransaction() from another file, so it was known only when its transaction had begun. Nothing of it was sent.`,
    hint: 'Call pgm.noTransaction() in the function of the migration itself.',
  });
}

import { durationForms, maxTimeoutMs, parseDuration } from '../core/duration.js';
import { LockkeeperError } from '../core/errors.js';
import { didYouMean } from '../core/text.js';

/** A row as a transform sees it: columns by name, values as node-postgres gives them. */
export type BackfillRow = Readonly<Record<string, unknown>>;

/**
 * New values for rows, in the order in which they were given: an object of columns, or null to leave a row as it is.
 * It may be called again for a row that somebody edited meanwhile, and with fewer rows while a bad one is looked for,
 * so it changes nothing but what it returns.
 */
export type BackfillTransform = (
  rows: readonly BackfillRow[],
) => readonly (BackfillRow | null | undefined)[] | Promise<readonly (BackfillRow | null | undefined)[]>;

/** How a backfill goes about its work; each of these may be a word of the directive in an SQL file. */
export interface BackfillPace {
  /** Columns of a unique, not-null index to walk along. @default the primary key, else the first such index, else the place in the table (ctid) */
  readonly key?: string | readonly string[];
  /** The most rows of one batch. @default 100000, and 1000 with `transform` */
  readonly batchRows?: number;
  /** How long a batch should hold its row locks; the size of batches follows it. @default '50ms' */
  readonly target?: string | number;
  /** The share of time to work in: 0.5 rests as long as it works. @default 1 */
  readonly share?: number;
  /** Waits while a replica is further behind than this. @default '10s' */
  readonly maxLag?: string | number;
  /** How many rows may fail and be put aside before the backfill does. @default 0 */
  readonly maxErrors?: number;
  /** `'saved'` keeps the old values, so that `down` can restore every row that nobody has edited since. */
  readonly undo?: 'saved';
  /** Runs ANALYZE on the table afterwards. @default true */
  readonly analyze?: boolean;
  /**
   * Lets each batch wait at its COMMIT for the disk and for synchronous replicas, with its rows locked meanwhile. Either
   * way a batch is kept or lost together with the position behind it, and the end of the backfill waits for all. @default false
   */
  readonly synchronousCommit?: boolean;
}

/** What `backfill` takes: a table, and either `set`, `delete` or `transform`. */
export interface BackfillDefinition extends BackfillPace {
  /** As SQL would write it: `users`, `app.users`, `"Odd Name"`. */
  readonly table: string;
  /** What stands behind SET: `lower_name = lower(name)`. */
  readonly set?: string;
  /** Deletes the rows in place of changing them. */
  readonly delete?: true;
  /** Code in place of `set`. */
  readonly transform?: BackfillTransform;
  /** Which rows; without it all of them. A table without a key needs one that no longer holds for a row that is done. */
  readonly where?: string;
}

/** The pace with its defaults. */
export interface BackfillSettings {
  readonly key: readonly string[] | null;
  readonly batchRows: number;
  readonly targetMs: number;
  readonly share: number;
  readonly maxLagMs: number;
  readonly maxErrors: number;
  readonly undo: boolean;
  readonly analyze: boolean;
  readonly synchronousCommit: boolean;
}

/** A statement of a script that runs in batches. */
export interface Backfill {
  readonly settings: BackfillSettings;
  /** Null where the statement itself is what is done to the rows. */
  readonly transform: BackfillTransform | null;
}

/** Old values that a backfill has kept. */
export interface SavedRows {
  /** The step of the way up that kept them. */
  readonly ofStep: number;
  /** The table that was changed, as its migration names it. */
  readonly table: string;
  /** Name, in our schema, of the table that holds the values. */
  readonly savedTable: string;
  readonly columns: readonly string[];
}

const brand = Symbol.for('lockkeeper.backfill');

/** What `backfill` gives: a piece of work for `up` or `down`. */
export interface BackfillWork {
  readonly [brand]: BackfillDefinition;
}

/**
 * Changes the rows of a table in batches, each in a transaction of its own, and goes on after a crash where it stood.
 * For `up`, for `down`, or as one step of a list.
 *
 * @example
 * ```ts
 * import { backfill, defineMigration } from 'lockkeeper';
 *
 * export default defineMigration({
 *   up: [
 *     'alter table users add column lower_name text',
 *     backfill({ table: 'users', set: 'lower_name = lower(name)', where: 'lower_name is null' }),
 *   ],
 *   down: 'alter table users drop column lower_name',
 * });
 * ```
 */
export function backfill(definition: BackfillDefinition): BackfillWork {
  return { [brand]: definition };
}

export function isBackfillWork(value: unknown): value is BackfillWork {
  return typeof value === 'object' && value !== null && brand in value;
}

export const definitionOf = (work: BackfillWork): BackfillDefinition => work[brand];

/** A wrong option, before it has a place in a file. */
export interface BackfillComplaint {
  readonly message: string;
  readonly hint: string;
}

const paceKeys = [
  'key',
  'batchRows',
  'target',
  'share',
  'maxLag',
  'maxErrors',
  'undo',
  'analyze',
  'synchronousCommit',
] as const;
const workKeys = ['table', 'set', 'delete', 'transform', 'where'] as const;

/** Checks what an author said and fills in the defaults. */
export function resolveBackfill(
  given: Readonly<Record<string, unknown>>,
  kind: { readonly transform: boolean },
): { readonly settings: BackfillSettings; readonly complaints: readonly BackfillComplaint[] } {
  const complaints: BackfillComplaint[] = [];
  const known: readonly string[] = [...paceKeys, ...workKeys];
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    complaints.push({
      message: `"${name}" is no option of a backfill.${didYouMean(name, known)}`,
      hint: `Options are ${paceKeys.join(', ')}.`,
    });
  }
  const read = <Value>(name: (typeof paceKeys)[number], rule: Rule<Value>, fallback: Value): Value => {
    const value = given[name];
    if (value === undefined) return fallback;
    const parsed = rule.parse(value);
    if (parsed !== null) return parsed;
    complaints.push({
      message: `The option "${name}" of a backfill is ${JSON.stringify(value)}.`,
      hint: `Accepted: ${rule.accepted}.`,
    });
    return fallback;
  };
  const settings: BackfillSettings = {
    key: read<readonly string[] | null>('key', columns, null),
    batchRows: read('batchRows', whole(1, 1_000_000), kind.transform ? 1000 : 100_000),
    targetMs: read('target', duration(1), 50),
    share: read('share', fraction, 1),
    maxLagMs: read('maxLag', duration(0), 10_000),
    maxErrors: read('maxErrors', whole(0, 1_000_000), 0),
    undo: read('undo', saved, false),
    analyze: read('analyze', yesOrNo, true),
    synchronousCommit: read('synchronousCommit', yesOrNo, false),
  };
  return { settings, complaints };
}

interface Rule<Value> {
  readonly accepted: string;
  readonly parse: (value: unknown) => Value | null;
}

const columns: Rule<readonly string[]> = {
  accepted: 'the name of a column, or several of them',
  parse: (value) => {
    const list = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
    const fine =
      Array.isArray(list) && list.length > 0 && list.every((name) => typeof name === 'string' && name !== '');
    return fine ? (list as string[]) : null;
  },
};

const whole = (least: number, most: number): Rule<number> => ({
  accepted: `a whole number from ${least} to ${most}`,
  parse: (value) => {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    return Number.isInteger(number) && (number as number) >= least && (number as number) <= most
      ? (number as number)
      : null;
  },
});

const duration = (least: number): Rule<number> => ({
  accepted: durationForms,
  parse: (value) => {
    const ms = typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : null;
    return ms !== null && ms >= least && ms <= maxTimeoutMs ? ms : null;
  },
});

const fraction: Rule<number> = {
  accepted: 'a number above 0 and up to 1, or a percentage such as 50%',
  parse: (value) => {
    const text = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(%?)$/.exec(value) : null;
    const number = text === null ? value : Number(text[1]) / (text[2] === '%' ? 100 : 1);
    return typeof number === 'number' && number > 0 && number <= 1 ? number : null;
  },
};

const saved: Rule<boolean> = { accepted: '"saved"', parse: (value) => (value === 'saved' ? true : null) };

const yesOrNo: Rule<boolean> = {
  accepted: 'true or false',
  parse: (value) =>
    value === true || value === 'true' ? true : value === false || value === 'false' ? false : null,
};

/**
 * The statement that a definition stands for; a transform stands for the query that reads its rows.
 * @throws {USAGE_INVALID} where it says neither or both of what is to be done.
 */
export function statementOf(definition: BackfillDefinition): string {
  const { table, set, transform, where } = definition;
  const ways = [set !== undefined, definition.delete === true, transform !== undefined].filter(
    Boolean,
  ).length;
  if (typeof table !== 'string' || table.trim() === '' || ways !== 1) {
    throw new LockkeeperError('USAGE_INVALID', {
      message:
        ways === 1
          ? 'A backfill names no table.'
          : `A backfill has ${ways === 0 ? 'none' : 'more than one'} of set, delete and transform.`,
      hint: "Write it as backfill({ table: 'users', set: 'lower_name = lower(name)' }).",
    });
  }
  const condition = where === undefined ? '' : `\nwhere ${where}`;
  if (transform !== undefined) return `select * from ${table}${condition}`;
  if (set === undefined) return `delete from ${table}${condition}`;
  return `update ${table} set ${set}${condition}`;
}

/**
 * The way back of a migration that wrote none: where all it does are backfills that keep the old values, putting those
 * back is all there is to do.
 */
export function impliesDown(
  statements: readonly unknown[],
  backfills: ReadonlyMap<unknown, Backfill> | undefined,
): boolean {
  return (
    backfills !== undefined &&
    statements.every((statement) => backfills.get(statement)?.settings.undo === true)
  );
}

import { LockkeeperError } from '../core/errors.js';
import { quoteIdent } from '../sql/quote.js';
import type { SqlFragment, SqlValue } from './database.js';

// Kept under a registered symbol, so that fragments of two installed copies of the package nest in each other.
const pieces = Symbol.for('lockkeeper.sql-fragment');

/** The texts around the values: always one more than there are values. */
interface Pieces {
  readonly texts: readonly string[];
  readonly values: readonly SqlValue[];
}

interface TaggedFragment extends SqlFragment {
  readonly [pieces]: Pieces;
}

/** The `sql` tag with its helpers. */
export interface SqlTag {
  /**
   * Makes an SQL text whose `${values}` travel as parameters (`$1`, `$2` …) and never as text. A `${fragment}` made
   * by the tag or its helpers is put in place, with its parameters renumbered.
   *
   * @example
   * ```ts
   * await db.query(sql`update ${sql.ident('app', 'users')} set name = ${name} where id = ${id}`);
   * ```
   */
  (texts: TemplateStringsArray, ...values: readonly SqlValue[]): SqlFragment;
  /** A quoted identifier; several parts are joined by dots: `sql.ident('app', 'users')` is `"app"."users"`. */
  ident(this: void, ...parts: readonly string[]): SqlFragment;
  /** SQL text as it stands. Only for text that the author wrote: nothing in it is quoted or checked. */
  raw(this: void, text: string): SqlFragment;
  /** Fragments (or values, as parameters) with a separator between them. @default ', ' */
  join(this: void, items: readonly SqlValue[], separator?: string): SqlFragment;
}

/** Makes SQL fragments; see `SqlTag`. */
export const sql: SqlTag = Object.assign(tag, { ident, raw, join });

/** Whether a value is an SQL fragment: made by the tag, or an object of the same shape. */
export function isSqlFragment(value: unknown): value is SqlFragment {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as Partial<SqlFragment>;
  return typeof candidate.text === 'string' && Array.isArray(candidate.values);
}

function tag(texts: TemplateStringsArray, ...values: readonly SqlValue[]): SqlFragment {
  const broken = texts.findIndex((text) => text === undefined);
  if (broken !== -1) {
    throw new LockkeeperError('USAGE_INVALID', {
      message: `An sql template holds an escape that JavaScript does not know: ${texts.raw[broken] ?? ''}`,
      hint: String.raw`Write a backslash as \\ inside the template.`,
    });
  }
  return assemble([...texts], values);
}

function ident(...parts: readonly string[]): SqlFragment {
  return assemble([parts.map(quoteIdent).join('.')], []);
}

function raw(text: string): SqlFragment {
  return assemble([text], []);
}

function join(items: readonly SqlValue[], separator = ', '): SqlFragment {
  if (items.length === 0) return raw('');
  return assemble(['', ...items.slice(1).map(() => separator), ''], items);
}

/** Lays nested fragments flat and numbers the parameters. */
function assemble(texts: readonly string[], values: readonly SqlValue[]): SqlFragment {
  const flatTexts = [texts[0] ?? ''];
  const flatValues: SqlValue[] = [];
  const append = (text: string): void => void flatTexts.push((flatTexts.pop() ?? '') + text);
  for (const [index, value] of values.entries()) {
    const nested = piecesOf(value);
    if (nested === null) {
      flatValues.push(value);
      flatTexts.push('');
    } else {
      append(nested.texts[0] ?? '');
      flatTexts.push(...nested.texts.slice(1));
      flatValues.push(...nested.values);
    }
    append(texts[index + 1] ?? '');
  }
  const text = flatTexts.reduce((joined, next, index) => `${joined}$${index}${next}`);
  const fragment: TaggedFragment = {
    text,
    values: flatValues,
    [pieces]: { texts: flatTexts, values: flatValues },
  };
  return Object.freeze(fragment);
}

function piecesOf(value: SqlValue): Pieces | null {
  if (typeof value !== 'object' || value === null || !(pieces in value)) return null;
  return (value as TaggedFragment)[pieces];
}

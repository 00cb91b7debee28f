import { LockkeeperError } from '../../core/errors.js';
import { fitsIdentifier, maxIdentifierBytes, quoteIdent } from '../../sql/quote.js';

// Reserved words of PostgreSQL 14 to 18 that cannot name a table or a column without quotes (manual, Appendix C:
// "reserved" and "reserved (can be function or type)"). A test compares the list with pg_get_keywords() of each server.
const reserved = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation ' +
    'column concurrently constraint create cross current_catalog current_date current_role current_schema ' +
    'current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for ' +
    'foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral ' +
    'leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer ' +
    'overlaps placing primary references returning right select session_user similar some symmetric system_user ' +
    'table tablesample then to trailing true union unique user using variadic verbose when where window with'
  ).split(' '),
);

/** True for a word that has to be quoted to name a table or a column. */
export function isReservedWord(word: string): boolean {
  return reserved.has(word);
}

/** A name as a person would write it in SQL: with quotes only where it needs them. */
export function writeIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : quoteIdent(name);
}

/** A table that a template is for. */
export interface TableName {
  readonly schema: string | null;
  readonly table: string;
  /** As it stands in the SQL. */
  readonly sql: string;
}

/**
 * Reads `users`, `app.users` or `"odd name"`.
 * @throws {TEMPLATE_INVALID} for an empty, too long, or too often dotted name.
 */
export function parseTableName(text: string): TableName {
  const parts = splitQualified(text.trim());
  const [first, second] = parts;
  if (parts.length > 2 || first === undefined || parts.some((part) => part === '')) {
    throw new LockkeeperError('TEMPLATE_INVALID', {
      message: `"${text}" is no table name.`,
      hint: 'Accepted: a name, or schema.name. A name with a dot in it stands in double quotes.',
      details: { option: 'table' },
    });
  }
  for (const part of parts) assertIdentifierFits(part, 'table');
  const sql = parts.map(writeIdentifier).join('.');
  return second === undefined ? { schema: null, table: first, sql } : { schema: first, table: second, sql };
}

/** Splits at dots outside of double quotes, and takes the quotes off. */
export function splitQualified(text: string): string[] {
  const parts = text.match(/(?:"(?:[^"]|"")*"|[^."])+/g) ?? [];
  const dots = text.replaceAll(/"(?:[^"]|"")*"/g, '').split('.').length - 1;
  if (dots !== parts.length - 1) return [''];
  return parts.map((part) =>
    part
      .trim()
      .replace(/^"(.*)"$/s, '$1')
      .replaceAll('""', '"'),
  );
}

/** @throws {TEMPLATE_INVALID} for a name that PostgreSQL would cut, or could not keep at all. */
export function assertIdentifierFits(name: string, option: string): void {
  if (/\p{Cc}|\p{Surrogate}/u.test(name)) {
    throw new LockkeeperError('TEMPLATE_INVALID', {
      message: `The name ${JSON.stringify(name)} holds a control character, or half a character.`,
      hint: 'Use letters, digits and underscores.',
      details: { option },
    });
  }
  if (fitsIdentifier(name)) return;
  throw new LockkeeperError('TEMPLATE_INVALID', {
    message: `The name "${name}" is longer than ${maxIdentifierBytes} bytes, and PostgreSQL would cut it.`,
    hint: 'Use a shorter name.',
    details: { option },
  });
}

/** Joins words to a name for an index or a constraint, cut like PostgreSQL's own choice to what it can keep. */
export function objectName(words: readonly string[], suffix: string): string {
  const end = `_${suffix}`;
  let name = words.join('_');
  while (!fitsIdentifier(name + end)) name = name.replace(/.$/su, '');
  return name + end;
}

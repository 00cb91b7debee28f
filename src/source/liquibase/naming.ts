import { quoteIdent } from '../../sql/quote.js';

/** How names are written: `legacy` folds what PostgreSQL would fold, the others are what they say. */
export type Quoting = 'LEGACY' | 'QUOTE_ALL_OBJECTS' | 'QUOTE_ONLY_RESERVED_WORDS';

/**
 * The name of an object as Liquibase would send it: one in mixed case keeps its case, one in upper case alone is folded
 * like any unquoted name.
 */
export function objectName(name: string, quoting: Quoting = 'LEGACY'): string {
  return quoteIdent(storedName(name, quoting));
}

/** The same as PostgreSQL keeps it. */
export function storedName(name: string, quoting: Quoting = 'LEGACY'): string {
  const plain = name.replace(/^"(.*)"$/, '$1');
  if (quoting === 'QUOTE_ALL_OBJECTS' || plain !== name) return plain;
  if (quoting === 'LEGACY' && /[a-z]/.test(name) && /[A-Z]/.test(name)) return name;
  return /^[A-Za-z_][\w$]*$/.test(name) && !reserved.has(name.toLowerCase()) ? name.toLowerCase() : name;
}

export function qualifiedName(
  { schema, name }: { readonly schema: string | null | undefined; readonly name: string },
  quoting: Quoting = 'LEGACY',
): string {
  const own = objectName(name, quoting);
  return schema === null || schema === undefined || schema === ''
    ? own
    : `${objectName(schema, quoting)}.${own}`;
}

/** Words that PostgreSQL keeps for itself; written in upper case they keep it, because Liquibase quotes them. */
const reserved: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization between binary both case cast check collate column ' +
    'concurrently constraint create cross current_catalog current_date current_role current_schema current_time ' +
    'current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze ' +
    'from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit ' +
    'localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references ' +
    'returning right select session_user similar some symmetric table tablesample then to trailing true union unique ' +
    'user using variadic verbose when where window with'
  ).split(' '),
);

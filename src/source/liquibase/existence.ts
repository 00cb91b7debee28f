import { quoteLiteral } from '../../sql/quote.js';
import type { FileContext } from './context.js';
import { storedName } from './naming.js';
import type { Check } from './precondition.js';

const kinds = { table: "'r', 'p'", view: "'v', 'm'", sequence: "'S'" } as const;

/** Where an object is looked for: in the schema that is named, else in the default one. */
export function schemaTest(
  schema: string | null | undefined,
  { settings }: Pick<FileContext, 'settings'>,
): string {
  const said = schema ?? settings.defaultSchema;
  if (said === null || said === undefined || said === '') return 'n.nspname = pg_catalog.current_schema()';
  return `n.nspname = ${quoteLiteral(storedName(said))}`;
}

/** Liquibase compares names without regard to case. */
export const nameTest = (column: string, name: string): string =>
  `pg_catalog.lower(${column}) = ${quoteLiteral(name.replace(/^"(.*)"$/, '$1').toLowerCase())}`;

/** That a table, view or sequence is there. */
export function existsCheck(
  kind: keyof typeof kinds,
  { name, schema }: { readonly name: string; readonly schema: string | null | undefined },
  context: Pick<FileContext, 'settings'>,
): Check {
  return found(
    `${kind} ${name} does not exist`,
    `pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in (${kinds[kind]}) and ${nameTest('c.relname', name)} and ${schemaTest(schema, context)}`,
  );
}

/** That a query from these tables has a row. */
export function found(what: string, from: string): Check {
  return { kind: 'query', sql: `select exists (select from ${from})`, expected: 't', what };
}

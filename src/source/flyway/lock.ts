import { quoteIdent, quoteLiteral } from '../../sql/quote.js';
import type { FlywaySettings } from './settings.js';

/** The letters "Flyway" as a number; Flyway adds a hash of the table's name, so that each history has a lock. */
const magic = 0x466c79776179n;

/**
 * SQL of the key of Flyway's advisory lock. Flyway takes it for a transaction or for the session, as it is configured; a
 * session that holds the key keeps both out.
 */
export function flywayLockKey({ defaultSchema, table }: FlywaySettings): string {
  if (defaultSchema !== null) {
    return String(magic + BigInt(javaHash(`${quoteIdent(defaultSchema)}.${quoteIdent(table)}`)));
  }
  // Where nothing says the schema, it is the first of the search path that exists, which only the server knows.
  const name = `'"' || pg_catalog.replace(pg_catalog.current_schema()::pg_catalog.text, '"', '""') || '".' || ${quoteLiteral(quoteIdent(table))}`;
  return `(with recursive t(name) as (select ${name}), h(i, v) as (
  select 0, 0::bigint union all
  select i + 1, (v * 31 + pg_catalog.ascii(pg_catalog.substr(name, i + 1, 1))) % 4294967296 from h, t where i < pg_catalog.length(name))
select ${magic} + case when v > 2147483647 then v - 4294967296 else v end from h order by i desc limit 1)`;
}

/** `String.hashCode()` of Java: over UTF-16 units, in 32 bits with a sign. */
function javaHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1)
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

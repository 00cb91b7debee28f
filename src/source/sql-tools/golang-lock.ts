import { quoteLiteral } from '../../sql/quote.js';

/**
 * SQL of the key of golang-migrate's advisory lock: the CRC-32 of schema, table and database with NUL between them,
 * times a number of theirs, in 32 bits. Only the server knows the database and the schema.
 */
export function golangLockKey(table: string): string {
  const [name = '', schema] = table.split('.').toReversed();
  const bytes = (text: string): string => `pg_catalog.convert_to(${text}, 'UTF8')`;
  const nul = `'\\x00'::pg_catalog.bytea`;
  const text = [
    bytes(schema === undefined ? 'pg_catalog.current_schema()::pg_catalog.text' : quoteLiteral(schema)),
    bytes(quoteLiteral(name)),
    bytes('pg_catalog.current_database()::pg_catalog.text'),
  ].join(` || ${nul} || `);
  return `(with recursive input(b) as (select ${text}), crc(i, v) as (
  select 0, 4294967295::pg_catalog.int8 union all
  select i + 1, case when x & 1 = 1 then (x >> 1) # 3988292384 else x >> 1 end
  from (select i, v # (case when i % 8 = 0 then pg_catalog.get_byte(b, i / 8) else 0 end)::pg_catalog.int8 as x
        from crc, input where i < pg_catalog.length(b) * 8) s)
select ((v # 4294967295) * 1486364155) % 4294967296 from crc order by i desc limit 1)`;
}

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestDatabase } from './database.js';

/**
 * What a database holds, as text that two databases can be compared by: pg_dump's, where one is there for its server;
 * else what the catalog says of tables, constraints, indexes, types, functions, views and triggers. Ours is left out.
 */
export async function describeSchema(database: TestDatabase): Promise<string> {
  return dumpSchema(database) ?? (await readCatalog(database));
}

function dumpSchema({ url, server }: TestDatabase): string | null {
  const program = `/usr/lib/postgresql/${server.major}/bin/pg_dump`;
  if (!existsSync(program)) return null;
  const args = ['--schema-only', '--no-owner', '--exclude-schema=lockkeeper', url];
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`pg_dump failed: ${stderr}`);
  // Newer ones begin and end with a random word.
  return stdout.replaceAll(/^\\(?:un)?restrict .*$/gm, '');
}

async function readCatalog(database: TestDatabase): Promise<string> {
  const rows = await database.query<{ line: string }>(`
    with ours as (select oid, nspname from pg_namespace where nspname !~ '^pg_|^information_schema$|^lockkeeper$')
    select line from (
      select format('schema %s', nspname) from ours
      union all
      select format('relation %s.%s %s %s', o.nspname, c.relname, c.relkind, obj_description(c.oid, 'pg_class'))
        from pg_class c join ours o on o.oid = c.relnamespace
      union all
      select format('column %s.%s %s %s %s null=%s %s %s %s', o.nspname, c.relname, a.attnum, a.attname,
             format_type(a.atttypid, a.atttypmod), not a.attnotnull, a.attidentity, pg_get_expr(d.adbin, d.adrelid),
             col_description(c.oid, a.attnum))
        from pg_attribute a join pg_class c on c.oid = a.attrelid join ours o on o.oid = c.relnamespace
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
       where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm')
      union all
      select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(c.oid))
        from pg_constraint c join ours o on o.oid = c.connamespace
      union all
      select pg_get_indexdef(indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
        join ours o on o.oid = c.relnamespace
      union all
      select format('enum %s %s', enumtypid::regtype, string_agg(enumlabel, ',' order by enumsortorder))
        from pg_enum group by enumtypid
      union all
      select pg_get_functiondef(p.oid) from pg_proc p join ours o on o.oid = p.pronamespace where prokind in ('f', 'p')
      union all
      select format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) from pg_class c
        join ours o on o.oid = c.relnamespace where relkind in ('v', 'm')
      union all
      select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
        join ours o on o.oid = c.relnamespace where not tgisinternal
    ) all_lines(line) order by line`);
  return rows.map(({ line }) => line).join('\n');
}

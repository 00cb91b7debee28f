import type { Client } from 'pg';
import { createDatabase, type TestDatabase, type TestServer } from '../../support/database.js';

/** A database in which one file after another is run, each in a schema of its own. */
export interface Stage {
  readonly database: TestDatabase;
  readonly client: Client;
  /** Makes the schemas of a file, with one table in them. */
  prepare(schema: string): Promise<void>;
  /** Everything that the file has made and changed, as text. */
  look(schema: string): Promise<string>;
}

// Written for equality only: whatever a migration can do to schema and data shows up in it somewhere.
const lookFunction = /* sql */ `
create schema reliability;
create function reliability.look(prefix text) returns text language plpgsql as $function$
declare
  ours oid[] := (select array_agg(oid) from pg_namespace where nspname = prefix or nspname like prefix || '\\_%' or nspname = 'public');
  lines text[];
  line text;
  relation record;
begin
  select array_agg(what order by what) into lines from (
    select format('%s %s.%s of %s %s %s', relkind, relnamespace::regnamespace, relname, pg_get_userbyid(relowner), relacl, relpersistence) as what
    from pg_class where relnamespace = any (ours) and relkind <> 'i'
    union all
    select format('column %s.%s %s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
             (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum))
    from pg_attribute join pg_class on pg_class.oid = attrelid
    where relnamespace = any (ours) and attnum > 0 and not attisdropped and relkind <> 'i'
    union all
    select format('index %s valid %s', pg_get_indexdef(indexrelid), indisvalid)
    from pg_index join pg_class on pg_class.oid = indexrelid where relnamespace = any (ours)
    union all
    select format('constraint %s %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
    from pg_constraint where connamespace = any (ours)
    union all
    select format('function %s %s %s %s', oid::regprocedure, pg_get_userbyid(proowner), prosrc, pg_get_function_sqlbody(oid))
    from pg_proc where pronamespace = any (ours)
    union all
    select format('type %s %s %s', oid::regtype, typtype, (select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = pg_type.oid))
    from pg_type where typnamespace = any (ours) and typcategory <> 'A'
    union all
    select format('rule %s', pg_get_ruledef(pg_rewrite.oid))
    from pg_rewrite join pg_class on pg_class.oid = ev_class where relnamespace = any (ours)
    union all
    select format('trigger %s', pg_get_triggerdef(pg_trigger.oid))
    from pg_trigger join pg_class on pg_class.oid = tgrelid where relnamespace = any (ours) and not tgisinternal
    union all
    select format('comment %s %s', objoid::regclass, description)
    from pg_description join pg_class on pg_class.oid = objoid where relnamespace = any (ours) and classoid = 'pg_class'::regclass
    union all
    select format('inherits %s %s', inhrelid::regclass, inhparent::regclass)
    from pg_inherits join pg_class on pg_class.oid = inhrelid where relnamespace = any (ours)
    union all
    select 'prepared ' || gid from pg_prepared_xacts where database = current_database()
  ) as found;
  for relation in
    select oid::regclass as name, relkind from pg_class
    where relnamespace = any (ours) and relkind in ('r', 'm', 'S') and relispopulated order by oid::regclass::text
  loop
    execute format(case when relation.relkind = 'S' then 'select format(''%%s %%s'', last_value, is_called) from %s'
                   else 'select string_agg(t::text, chr(10) order by t::text) from %s as t' end, relation.name) into line;
    lines := lines || format('rows of %s: %s', relation.name, line);
  end loop;
  return array_to_string(lines, chr(10));
end $function$;
create procedure reliability.clear(prefix text) language plpgsql as $procedure$
declare
  old text;
begin
  for old in select nspname from pg_namespace where nspname = prefix or nspname like prefix || '\\_%' loop
    execute format('drop schema %I cascade', old);
  end loop;
end $procedure$;
`;

export const role = 'reliability_role';

/** Opens a database with what every file may lean on. */
export async function createStage(server: TestServer): Promise<Stage> {
  const database = await createDatabase(server);
  const client = await database.connect();
  await client.query(
    `do $$ begin create role ${role}; exception when duplicate_object or unique_violation then null; end $$`,
  );
  await client.query(lookFunction);
  await client.query('set search_path = pg_catalog; set client_min_messages = error');
  return {
    database,
    client,
    prepare: async (schema) => {
      await client.query(
        `call reliability.clear('${schema}'); create schema ${schema}; create schema ${schema}_app; create table ${schema}.base (a int primary key);
         grant all on schema ${schema}, ${schema}_app to ${role}`,
      );
    },
    look: async (schema) => {
      const { rows } = await client.query<{ look: string }>('select reliability.look($1)', [schema]);
      return rows[0]?.look ?? '';
    },
  };
}

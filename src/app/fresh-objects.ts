/**
 * Every object of the user's, in an order in which dropping disturbs little: event triggers (they could refuse the
 * rest), publications, relations, routines, types, text search, schemas. System schemas, extensions and what belongs
 * to them (pg_depend deptype 'e'), our own schema ($1) and the schema public itself are left out.
 * ACCESS SHARE on catalogs only. PostgreSQL 14 to 18.
 */
export const objectsQuery = /* sql */ `
with user_schemas as (
  select oid, nspname from pg_namespace n
  where nspname !~ '^pg_' and nspname <> 'information_schema' and nspname <> $1
),
owned_by_extension as (
  select classid, objid from pg_depend where deptype = 'e'
),
objects as (
  select 1 as turn, 'event trigger ' || quote_ident(evtname) as name,
         'drop event trigger if exists ' || quote_ident(evtname) as statement, 'pg_event_trigger'::regclass as class, oid
  from pg_event_trigger
  union all
  select 2, 'publication ' || quote_ident(pubname), 'drop publication if exists ' || quote_ident(pubname),
         'pg_publication'::regclass, oid
  from pg_publication
  union all
  select 3, kind || ' ' || c.oid::regclass, 'drop ' || kind || ' if exists '
         || quote_ident(s.nspname) || '.' || quote_ident(c.relname) || ' cascade', 'pg_class'::regclass, c.oid
  from pg_class c
  join user_schemas s on s.oid = c.relnamespace
  cross join lateral (select case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view'
                        when 'm' then 'materialized view' when 'S' then 'sequence' when 'f' then 'foreign table' end) k(kind)
  where kind is not null and not c.relispartition
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                    and d.deptype in ('a', 'i') and c.relkind = 'S')
  union all
  select 4, kind || ' ' || p.oid::regprocedure, 'drop ' || kind || ' if exists ' || quote_ident(s.nspname) || '.'
         || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ') cascade', 'pg_proc'::regclass, p.oid
  from pg_proc p
  join user_schemas s on s.oid = p.pronamespace
  cross join lateral (select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end) k(kind)
  where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
  union all
  select 5, case when t.typtype = 'd' then 'domain ' else 'type ' end || t.oid::regtype,
         case when t.typtype = 'd' then 'drop domain' else 'drop type' end || ' if exists ' || quote_ident(s.nspname) || '.'
         || quote_ident(t.typname) || ' cascade', 'pg_type'::regclass, t.oid
  from pg_type t
  join user_schemas s on s.oid = t.typnamespace
  left join pg_class c on c.oid = t.typrelid
  where t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c') or (t.typtype = 'b' and t.typelem = 0 and t.typinput <> 'array_in'::regproc)
  union all
  select 6, 'collation ' || quote_ident(o.collname), 'drop collation if exists ' || quote_ident(s.nspname) || '.'
         || quote_ident(o.collname) || ' cascade', 'pg_collation'::regclass, o.oid
  from pg_collation o join user_schemas s on s.oid = o.collnamespace
  union all
  select 6, 'text search configuration ' || quote_ident(o.cfgname), 'drop text search configuration if exists '
         || quote_ident(s.nspname) || '.' || quote_ident(o.cfgname) || ' cascade', 'pg_ts_config'::regclass, o.oid
  from pg_ts_config o join user_schemas s on s.oid = o.cfgnamespace
  union all
  select 6, 'text search dictionary ' || quote_ident(o.dictname), 'drop text search dictionary if exists '
         || quote_ident(s.nspname) || '.' || quote_ident(o.dictname) || ' cascade', 'pg_ts_dict'::regclass, o.oid
  from pg_ts_dict o join user_schemas s on s.oid = o.dictnamespace
  union all
  select 6, 'operator ' || o.oid::regoperator, 'drop operator if exists ' || quote_ident(s.nspname) || '.' || o.oprname || '('
         || coalesce(nullif(o.oprleft, 0)::regtype::text, 'none') || ', ' || coalesce(nullif(o.oprright, 0)::regtype::text, 'none')
         || ') cascade', 'pg_operator'::regclass, o.oid
  from pg_operator o join user_schemas s on s.oid = o.oprnamespace
  union all
  select 7, 'schema ' || quote_ident(s.nspname), 'drop schema if exists ' || quote_ident(s.nspname), 'pg_namespace'::regclass, s.oid
  from user_schemas s
  where s.nspname <> 'public'
    and not exists (select from pg_extension e where e.extnamespace = s.oid)
)
select name, statement
from objects o
where not exists (select from owned_by_extension e where e.classid = o.class and e.objid = o.oid)
order by turn, name`;

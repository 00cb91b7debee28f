/**
 * Every object of the user's, in an order in which dropping disturbs little: event triggers (they could refuse the
 * rest), publications, relations, routines, types, text search, foreign servers, schemas. System schemas, extensions
 * and what belongs to them (pg_depend deptype 'e'), the tables of our own ($2) with their schema ($1), and the schema
 * public itself are left out. ACCESS SHARE on catalogs only. PostgreSQL 14 to 18.
 */
export const objectsQuery = /* sql */ `
with user_schemas as (
  select oid, nspname from pg_namespace n
  where nspname !~ '^pg_' and nspname <> 'information_schema'
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
  where kind is not null and not c.relispartition and not (s.nspname = $1 and c.relname = any ($2))
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                    and d.deptype in ('a', 'i') and c.relkind = 'S')
  union all
  select 4, kind || ' ' || p.oid::regprocedure, 'drop ' || kind || ' if exists ' || quote_ident(s.nspname) || '.'
         || quote_ident(p.proname) || '(' || case p.prokind when 'a' then oidvectortypes(p.proargtypes)
              else pg_get_function_identity_arguments(p.oid) end || ') cascade', 'pg_proc'::regclass, p.oid
  from pg_proc p
  join user_schemas s on s.oid = p.pronamespace
  cross join lateral (select case p.prokind when 'p' then 'procedure' when 'a' then 'routine' else 'function' end) k(kind)
  where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
  union all
  select 5, case when t.typtype = 'd' then 'domain ' else 'type ' end || t.oid::regtype,
         case when t.typtype = 'd' then 'drop domain' else 'drop type' end || ' if exists ' || quote_ident(s.nspname) || '.'
         || quote_ident(t.typname) || ' cascade', 'pg_type'::regclass, t.oid
  from pg_type t
  join user_schemas s on s.oid = t.typnamespace
  left join pg_class c on c.oid = t.typrelid
  where t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and c.relkind = 'c') or (t.typtype = 'p' and not t.typisdefined) or (t.typtype = 'b' and t.typelem = 0 and t.typinput <> 'array_in'::regproc)
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
  select 6, 'operator family ' || quote_ident(o.opfname), 'drop operator family if exists ' || quote_ident(s.nspname) || '.'
         || quote_ident(o.opfname) || ' using ' || quote_ident(m.amname) || ' cascade', 'pg_opfamily'::regclass, o.oid
  from pg_opfamily o join user_schemas s on s.oid = o.opfnamespace join pg_am m on m.oid = o.opfmethod
  union all
  select 6, 'conversion ' || quote_ident(o.conname), 'drop conversion if exists ' || quote_ident(s.nspname) || '.'
         || quote_ident(o.conname) || ' cascade', 'pg_conversion'::regclass, o.oid
  from pg_conversion o join user_schemas s on s.oid = o.connamespace
  union all
  select 6, 'text search parser ' || quote_ident(o.prsname), 'drop text search parser if exists '
         || quote_ident(s.nspname) || '.' || quote_ident(o.prsname) || ' cascade', 'pg_ts_parser'::regclass, o.oid
  from pg_ts_parser o join user_schemas s on s.oid = o.prsnamespace
  union all
  select 6, 'text search template ' || quote_ident(o.tmplname), 'drop text search template if exists '
         || quote_ident(s.nspname) || '.' || quote_ident(o.tmplname) || ' cascade', 'pg_ts_template'::regclass, o.oid
  from pg_ts_template o join user_schemas s on s.oid = o.tmplnamespace
  union all
  select 6, 'server ' || quote_ident(srvname), 'drop server if exists ' || quote_ident(srvname) || ' cascade',
         'pg_foreign_server'::regclass, oid
  from pg_foreign_server
  union all
  select 6, 'foreign data wrapper ' || quote_ident(fdwname), 'drop foreign data wrapper if exists ' || quote_ident(fdwname)
         || ' cascade', 'pg_foreign_data_wrapper'::regclass, oid
  from pg_foreign_data_wrapper
  union all
  select 7, 'schema ' || quote_ident(s.nspname), 'drop schema if exists ' || quote_ident(s.nspname) || ' cascade',
         'pg_namespace'::regclass, s.oid
  from user_schemas s
  where s.nspname not in ('public', $1)
    and not exists (select from pg_extension e where e.extnamespace = s.oid)
)
select name, statement
from objects o
where not exists (select from owned_by_extension e where e.classid = o.class and e.objid = o.oid)
order by turn, name`;

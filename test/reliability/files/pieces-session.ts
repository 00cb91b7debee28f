import { all, fresh, piece, type Piece, type Style, table } from './piece.js';

/** Where the transaction does not end between two statements. */
const one: readonly Style[] = ['one'];
/** Where psql and a run have the same transactions around a SET LOCAL. */
const exact: readonly Style[] = ['one', 'each'];

const settings = [
  'set lock_timeout = 0', 'set statement_timeout = 0', "set statement_timeout to '10s'", 'set client_min_messages = warning', 'set check_function_bodies = false',
  'set row_security = off', 'set standard_conforming_strings = on', 'set standard_conforming_strings = off', "set client_encoding = 'UTF8'", "set client_encoding = 'LATIN1'",
  "set names 'utf8'", 'set time zone 0', "set time zone 'Europe/Paris'", "set timezone = 'UTC'", 'set xmloption = content', "set default_tablespace = ''",
  'set default_table_access_method = heap', 'set session work_mem = 1024', 'set datestyle = german', 'set intervalstyle = iso_8601', 'set bytea_output = escape', "set app.x = 'a;b'",
  "select set_config('app.y', 'z', false)", "select pg_catalog.set_config('statement_timeout', '0', false)", 'reset all', 'reset app.x', 'reset search_path', 'set search_path to default', 'set session characteristics as transaction isolation level serializable',
  'set escape_string_warning = off', 'set backslash_quote = on', 'set idle_in_transaction_session_timeout = 0', 'set quote_all_identifiers = on', 'set extra_float_digits = 0', 'set nonsense = 1', 'set transform_null_equals = on',
]; // prettier-ignore

/** SET, roles, temporary objects: what a session remembers. */
export const sessionPieces: readonly Piece[] = [
  ...[1, 2, 3].map(() => piece(all, (c) => `${c.random.pick(settings)};`)),
  piece(all, (c) => `set search_path = ${c.random.pick([`${c.schema}_app, ${c.schema}`, `"${c.schema}", pg_catalog`, "''", 'nowhere'])};`),
  piece(all, (c) => `select pg_catalog.set_config('search_path', '${c.random.pick(['', c.schema, `${c.schema}_app`])}', false);`),
  piece(all, (c) => `set role reliability_role; create table ${fresh(c, 'ro')} (a int); reset role;`),
  piece(all, (c) => `set session authorization reliability_role; create table ${fresh(c, 'ro')} (a int);`),
  piece(all, () => 'set role reliability_role;'),
  piece(all, () => 'set session authorization default; reset role;'),
  piece(exact, (c) => `set local search_path = ${c.schema}_app; create table ${fresh(c, 'sl')} (a int);`),
  piece(exact, (c) => `set local role reliability_role; create table ${fresh(c, 'sl')} (a int);`),
  piece(exact, () => "select set_config('app.z', 'q', true);"),
  piece(all, (c) => `create temp table ${fresh(c, 'tmp')} (a int); insert into tmp${c.next} values (1); create table ${fresh(c, 'ft')} as select * from tmp${c.next - 1};`),
  piece(exact, (c) => `create temp table ${fresh(c, 'tmp')} on commit drop as select 1 as a; create table ${fresh(c, 'ft')} as table tmp${c.next - 1};`),
  piece(all, (c) => `prepare ${fresh(c, 'pr')} as insert into ${table(c)} (a) values (7000); execute pr${c.next}; deallocate pr${c.next};`),
  piece(all, () => 'deallocate all; discard plans; discard temp; discard sequences;'),
  piece(exact, () => 'declare c cursor for select 1; fetch c; close c;'),
  piece(one, (c) => `savepoint a; insert into ${table(c)} (a) values (8000); rollback to a; release a;`),
  piece(one, (c) => `savepoint "A;b"; insert into ${table(c)} (a) values (8001); release savepoint "A;b";`),
  piece(one, (c) => `lock table ${table(c)} in access exclusive mode;`),
  piece(one, () => 'set constraints all immediate;'),
  piece(exact, () => 'savepoint alone;'),
  piece(exact, (c) => `lock ${table(c)};`),
  piece(all, () => 'discard all;'),
  piece(all, () => 'select pg_advisory_unlock_all();'),
  piece(all, () => "select pg_notify('x', ';');"),
  piece(all, (c) => `create sequence ${fresh(c, 'sq')}; select nextval('sq${c.next}'); create table ${fresh(c, 'cv')} as select currval('sq${c.next - 1}') as a, lastval() as b;`),
]; // prettier-ignore

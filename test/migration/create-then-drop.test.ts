import { describe, expect, it } from 'vitest';
import { findCreateThenDrop } from '../../src/migration/create-then-drop.js';
import { lexScript } from '../../src/sql/script.js';

function find(text: string): { object: string; create: number; drop: number; boundary: number } | null {
  const found = findCreateThenDrop(text, lexScript(text).statements);
  if (found === null) return null;
  const { object, create, drop, boundary } = found;
  return { object, create: create.line, drop: drop.line, boundary: boundary.line };
}

describe('findCreateThenDrop', () => {
  it('finds up and down split by a comment', () => {
    const text = `-- Up migration
CREATE TABLE user_sessions (id bigserial primary key);
CREATE INDEX idx_a ON user_sessions(id);

-- Down migration (rollback)
DROP INDEX IF EXISTS idx_a;
DROP TABLE IF EXISTS user_sessions;
`;
    expect(find(text)).toEqual({ object: 'table user_sessions', create: 2, drop: 7, boundary: 6 });
  });

  it('finds it with work on data before the drop', () => {
    const text = `CREATE TABLE users_backup AS SELECT id, email FROM users;
UPDATE users SET email = lower(email);
-- Down: Restore from backup
UPDATE users SET email = b.email FROM users_backup b WHERE users.id = b.id;
DROP TABLE users_backup;`;
    expect(find(text)).toMatchObject({ object: 'table users_backup', create: 1, drop: 5, boundary: 4 });
  });

  it('finds columns', () => {
    const text =
      'alter table users add column ip inet;\n\n-- Down: Remove column\nalter table "users" drop column if exists ip;';
    expect(find(text)).toMatchObject({ object: 'column users.ip', drop: 4 });
  });

  it('finds a script whose whole effect is taken back, without a comment', () => {
    expect(find('create table a ();\ncreate index i on a (x);\ndrop table a;')).toMatchObject({
      object: 'table a',
    });
    expect(find("create type mood as enum ('x');\ndrop type mood;")).toMatchObject({ object: 'type mood' });
    expect(
      find('set lock_timeout = 0;\nbegin;\ncreate table public.a ();\ndrop table a;\ncommit;'),
    ).not.toBeNull();
  });

  it.each([
    [
      'a helper in the middle',
      'create table tmp (id int);\ninsert into tmp values (1);\ninsert into users select id from tmp;\ndrop table tmp;\ncreate table b ();',
    ],
    [
      'a helper at the end',
      'create table tmp as select id from users;\nupdate users set x = 1 from tmp where tmp.id = users.id;\ndrop table tmp;',
    ],
    [
      'a helper dropped under a comment that goes on to create',
      'create table tmp ();\n-- undo the helper\ndrop table tmp;\ncreate table b ();',
    ],
    ['drop before create', 'drop table if exists a;\ncreate table a ();'],
    ['drop, create, drop of another', 'drop view if exists v;\ncreate view v as select 1;\ndrop table old;'],
    ['only drops', '-- rollback of an old idea\ndrop table a;\ndrop table b;'],
    ['a temporary table', 'create temp table t (id int);\ndrop table t;'],
    ['a replaced function', 'create table a ();\ndrop function f();'],
    [
      'a renamed column',
      'alter table t add column b int;\nupdate t set b = a;\nalter table t drop column a;',
    ],
    ['something that stays', 'create table a ();\ncreate table b ();\ndrop table b;'],
    ['words in a string', "create table a ();\ninsert into notes values ('-- down\ndrop table a');"],
    ['no drop at all', '-- Down: nothing\ncreate table a ();'],
  ])('gives no alarm for %s', (_, text) => {
    expect(find(text)).toBeNull();
  });
});

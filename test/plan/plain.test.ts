import { describe, expect, it } from 'vitest';
import type { SqlScript } from '../../src/migration/migration.js';
import { isPlain } from '../../src/plan/plain.js';
import { planSteps } from '../../src/plan/steps.js';
import { lexScript } from '../../src/sql/script.js';

function script(text: string): SqlScript {
  return { kind: 'sql', text, statements: lexScript(text).statements, file: 'a.sql', lineOffset: 0 };
}

describe('isPlain', () => {
  it.each([
    'create table a (id int primary key, b text); create index on a (b); comment on table a is $$x$$;',
    'drop table a, b; drop type c;',
    'create view v as select 1; create sequence s;',
  ])('is true for %s', (text) => {
    expect(isPlain(script(text))).toBe(true);
  });

  it.each([
    // A query runs whatever functions it names, and they may set what they like.
    'create table a as select f() as b;',
    'create table a as select pg_advisory_unlock_all() as b;',
    'create temp table a (id int);',
    'create index on b (id);',
    'create table a (id int); insert into a values (1);',
    'set role x; create table a (id int);',
    'create table a (id int); commit; create table b (id int);',
    'alter table a add column b int;',
  ])('is false for %s', (text) => {
    expect(isPlain(script(text))).toBe(false);
  });

  it('takes a short way to the very steps of the long one', () => {
    const plain = script('create table a (id int); create index on a (id); drop table b;');
    const options = { mode: 'auto', serverMajor: 18 } as const;
    const short = planSteps(plain, { ...options, plain: true });
    const long = planSteps(plain, options);
    expect(short).toEqual(long);
    expect(short.steps.map((step) => step.hash)).toEqual(long.steps.map((step) => step.hash));
  });
});

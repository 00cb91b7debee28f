import { expect, it } from 'vitest';
import { seemsToCommit } from '../../src/source/bare-commit.js';

it.each([
  ['create table a (); COMMIT; drop type b', true],
  ["await db.runSql('commit')", true],
  ['db.runSql(`ROLLBACK TRANSACTION`)', true],
  ['create table a ();\ncommit', true],
  ['begin; create table a (); commit;', false],
  ['START TRANSACTION; select 1; COMMIT WORK;', false],
  ['commit; vacuum; begin;', true],
  ['await trx.commit();', false],
  ['create table t (x int) on commit drop;', false],
  ['do $$ begin perform 1; end $$;', false],
])('sees whether %j ends a transaction that it has not begun', (text, ends) => {
  expect(seemsToCommit(text)).toBe(ends);
});

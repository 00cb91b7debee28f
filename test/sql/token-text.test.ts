import { describe, expect, it } from 'vitest';
import { tokenText } from '../../src/sql/token-text.js';

describe('tokenText', () => {
  it.each([
    ['create table t (a int);', '-- new\ncreate   table t /* x */ (\r\n\ta int -- the a\n) ;\n\n'],
    ['select 1', 'select 1;'],
    ['select 1;;select 2', 'select 1; select 2;'],
    ['select f(1)', 'select f(/* one */ 1)'],
    ['\\restrict a\nselect 1;\n\\unrestrict a', '\\restrict b\nselect 1;\n\\unrestrict b'],
    ['-- description: one\nselect 1', '-- description: two\nselect 1'],
    ['--transaction:none\nselect 1', '--  Transaction:   none  \nselect 1'],
  ])('is the same for %j and %j', (one, other) => {
    expect(tokenText(one)).toBe(tokenText(other));
  });

  it.each([
    ['select 5 - -3', 'select 5 --3'],
    ["select 'a b'", "select 'a  b'"],
    ["select 'a -- b'", "select 'a'"],
    ['do $$ a $$', 'do $$  a $$'],
    ['do $$ -- a\n $$', 'do $$ $$'],
    ['copy t from stdin;\n-- 1\n\\.\n', 'copy t from stdin;\n\\.\n'],
    ['copy t from stdin;\n1 2\n\\.\n', 'copy t from stdin;\n1  2\n\\.\n'],
    ['-- transaction: none\nselect 1', 'select 1'],
    ['-- transaction: none\nselect 1', '-- transaction: auto\nselect 1'],
    ['-- migrate:up transaction:false\nselect 1', '-- migrate:up\nselect 1'],
    ['select 1;\n-- resume: again\nselect 2', 'select 1; select 2'],
    ['select /*+ SeqScan(t) */ 1', 'select 1'],
    ['/*+ SeqScan(t) */ select 1', 'select 1'],
    ['select ab', 'select a b'],
    ['select "A"', 'select A'],
  ])('differs for %j and %j', (one, other) => {
    expect(tokenText(one)).not.toBe(tokenText(other));
  });

  it('takes a line of COPY data for data, not for a directive', () => {
    expect(tokenText('copy t from stdin;\n-- transaction: none\n\\.\nselect 1')).toBe(
      'copy t from stdin ;\n-- transaction: none\n\\.\nselect 1 ;\n',
    );
  });
});

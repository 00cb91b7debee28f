import { describe, expect, it } from 'vitest';
import { isSqlFragment, sql } from '../../src/migration/sql-tag.js';

describe('the sql tag', () => {
  it('sends values as numbered parameters and never as text', () => {
    const name = "Robert'); drop table students; --";
    expect(sql`select * from t where a = ${name} and b = ${2}`).toMatchObject({
      text: 'select * from t where a = $1 and b = $2',
      values: [name, 2],
    });
  });

  it('renumbers the parameters of nested fragments', () => {
    const inner = sql`b = ${2} or c = ${3}`;
    const outer = sql`select ${1} where (${inner}) and d = ${4} and (${inner})`;
    expect(outer.text).toBe('select $1 where (b = $2 or c = $3) and d = $4 and (b = $5 or c = $6)');
    expect(outer.values).toEqual([1, 2, 3, 4, 2, 3]);
  });

  it('quotes identifiers, each part on its own', () => {
    expect(sql`drop table ${sql.ident('app', 'we"ird.name')}`.text).toBe('drop table "app"."we""ird.name"');
  });

  it('puts raw text in place as it stands', () => {
    expect(sql`select ${sql.raw('now()')}, ${1}`).toMatchObject({ text: 'select now(), $1', values: [1] });
  });

  it('joins fragments and values', () => {
    const columns = sql.join(['a', 'b'].map((name) => sql.ident(name)));
    const rows = sql.join([1, sql`${2} + ${3}`], ' union ');
    expect(sql`${columns} ${rows} ${sql.join([])}`).toMatchObject({
      text: '"a", "b" $1 union $2 + $3 ',
      values: [1, 2, 3],
    });
  });

  it('keeps null, arrays and objects as values', () => {
    const value = { text: 'not', valuesOf: 'a fragment' };
    expect(sql`${null} ${[1, 2]} ${value}`.values).toEqual([null, [1, 2], value]);
  });

  it('refuses an escape that JavaScript does not know', () => {
    const template = Object.assign([undefined], { raw: [String.raw`\u{zz}`] });
    expect(() => sql(template as unknown as TemplateStringsArray)).toThrow(/escape/);
  });

  it('tells fragments from other values', () => {
    expect(isSqlFragment(sql`select 1`)).toBe(true);
    expect(isSqlFragment({ text: 'select 1', values: [] })).toBe(true);
    expect(isSqlFragment({ text: 'select 1' })).toBe(false);
    expect(isSqlFragment('select 1')).toBe(false);
    expect(isSqlFragment(null)).toBe(false);
  });
});

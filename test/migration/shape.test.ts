import { describe, expect, it } from 'vitest';
import { splitSections } from '../../src/migration/shape.js';

/** Kind, text without blanks around it, and the line of the file on which the text begins. */
function sections(text: string, whole: 'up' | 'down' = 'up'): unknown {
  return splitSections(text, whole).sections.map((section) => [
    section.kind,
    section.text.trim(),
    section.lineOffset + 1,
  ]);
}

function complaints(text: string, whole: 'up' | 'down' = 'up'): unknown {
  return splitSections(text, whole).problems.map(({ code, message, location }) => [
    code,
    location?.line,
    message,
  ]);
}

describe('splitSections', () => {
  it('takes a file without markers as one section', () => {
    expect(sections('select 1;\nselect 2;\n')).toEqual([['up', 'select 1;\nselect 2;', 1]]);
    expect(sections('drop table t;\n', 'down')).toEqual([['down', 'drop table t;', 1]]);
    expect(splitSections('select 1', 'up').marked).toBe(false);
  });

  it('cuts at the markers, whatever stands above the first of them in comments', () => {
    const text = `-- a heading
/* and
   more */
-- migrate:validate-before
select 1 where false;
-- migrate:up
create table t ();

-- migrate:validate-after
select 2 where false
-- migrate:down
drop table t;
`;
    expect(sections(text)).toEqual([
      ['validate-before', 'select 1 where false;', 5],
      ['up', 'create table t ();', 7],
      ['validate-after', 'select 2 where false', 10],
      ['down', 'drop table t;', 12],
    ]);
    expect(complaints(text)).toEqual([]);
  });

  it('accepts a last statement without a semicolon, Windows line ends, blanks and any case', () => {
    const text = '-- migrate:up\r\ncreate table t ()\r\n--migrate:Down \r\ndrop table t';
    expect(sections(text)).toEqual([
      ['up', 'create table t ()', 2],
      ['down', 'drop table t', 4],
    ]);
    expect(sections('  -- migrate: up\nselect 1;')).toEqual([['up', 'select 1;', 2]]);
  });

  it('reads the transaction option of each way', () => {
    const text =
      '-- migrate:up transaction:false\nselect 1;\n-- migrate:down transaction:true (safe)\nselect 2;';
    expect(splitSections(text, 'up')).toMatchObject({
      transaction: { up: 'none', down: 'auto' },
      problems: [],
    });
    expect(splitSections('-- migrate:up\nselect 1', 'up').transaction).toEqual({ up: null, down: null });
  });

  it.each([
    ['a string', "select '\n-- migrate:down\n';"],
    ['a dollar quote', 'create function f() returns int language sql as $$\n-- migrate:down\nselect 1 $$;'],
    ['a tagged dollar quote', 'do $x$ begin\n-- migrate:down\nperform $$y$$; end $x$;'],
    ['a block comment', 'select 1; /*\n-- migrate:down\n /* nested */ */'],
    ['a quoted identifier', 'create table "a\n-- migrate:down\n" ();'],
    ['the data of a COPY', 'copy t from stdin;\na\n-- migrate:down\nb\n\\.\n'],
  ])('takes a marker inside %s for text', (_, sql) => {
    const text = `-- migrate:up\n${sql}\n-- migrate:down\ndrop table t;`;
    const shape = splitSections(text, 'up');
    expect(shape.problems).toEqual([]);
    expect(shape.sections.map((section) => section.kind)).toEqual(['up', 'down']);
    expect(shape.sections[0]?.text).toBe(`${sql}\n`);
    expect(shape.sections[0]?.lexed.problems).toEqual([]);
    expect(shape.sections[1]?.text).toBe('drop table t;');
  });

  it('gives the offending section to a marker that follows an unclosed string', () => {
    const { sections } = splitSections("-- migrate:up\nselect 'x;\n-- migrate:down\nselect 1;", 'up');
    expect(sections).toHaveLength(1);
    expect(sections[0]?.lexed.problems[0]).toMatchObject({ code: 'SQL_UNTERMINATED' });
  });

  it.each([
    [
      'a marker twice',
      '-- migrate:up\nselect 1;\n-- migrate:up\nselect 2;',
      3,
      /twice; the first is on line 1/,
    ],
    ['down twice', '-- migrate:up\nselect 1;\n-- migrate:down\n\n-- migrate:down\n', 5, /twice/],
    ['down before up', '-- migrate:down\nselect 1;\n-- migrate:up\nselect 2;', 3, /below/],
    ['no up', 'create table t ();\n-- migrate:down\ndrop table t;', 1, /above the first marker/],
    ['only down', '-- migrate:down\ndrop table t;', 1, /none of them is "-- migrate:up"/],
    [
      'a misspelt marker',
      '-- migrate:up\nselect 1;\n-- migrate:dwon\nselect 2;',
      3,
      /Did you mean "migrate:down"/,
    ],
    ['an unknown option', '-- migrate:up isolation:high\nselect 1;', 1, /"isolation:high"/],
    ['a bad transaction option', '-- migrate:up transaction:no\nselect 1;', 1, /"transaction:no"/],
    [
      'an option of a validation',
      '-- migrate:up\nselect 1;\n-- migrate:validate-after transaction:false\n',
      3,
      /option/,
    ],
  ])('refuses %s', (_, text, line, message) => {
    expect(complaints(text)).toContainEqual([
      'MIGRATION_MARKERS_INVALID',
      line,
      expect.stringMatching(message),
    ]);
  });

  it('refuses a way up in the file of the way down', () => {
    expect(complaints('-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;', 'down')).toEqual([
      ['MIGRATION_MARKERS_INVALID', 1, expect.stringMatching(/way up as well/)],
    ]);
    expect(complaints('-- migrate:down\nselect 2;', 'down')).toEqual([]);
  });

  it('takes sentences about migrating for sentences', () => {
    expect(
      complaints('-- migrate: all users move to the new table\nselect 1;\n-- to migrate users, see wiki'),
    ).toEqual([]);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCreateThenDrop } from '../../src/migration/create-then-drop.js';
import { readHead } from '../../src/migration/head.js';
import { parseDirectives } from '../../src/migration/parse-metadata.js';
import { splitSections } from '../../src/migration/shape.js';

/** Whole statements, each with something in it that could be taken for a marker or could swallow one. */
const statement = fc.constantFrom(
  'create table t (a int);',
  "select '-- migrate:down';",
  "select '\n-- migrate:down\n';",
  "select E'\\'\n-- migrate:up\n';",
  'select $$\n-- migrate:down\n$$;',
  'select $a$ $$\n-- migrate:up\n$$ $a$;',
  'select "\n-- migrate:down\n";',
  '/* /* */\n-- migrate:down\n*/ select 1;',
  'copy t from stdin;\n-- migrate:down\n\\.',
  "select 1; -- it's a comment",
  'create function f() returns int begin atomic select 1; select 2; end;',
  "select U&'\n-- migrate:down\n' uescape '!';",
  '-- a comment alone',
  '',
);
const body = fc.array(statement, { maxLength: 5 }).map((list) => list.join('\n'));
const lineEnd = fc.constantFrom('\n', '\r\n');

const hostile = [
  [
    "'",
    '"',
    '$$',
    '$a$',
    '/*',
    '*/',
    '--',
    '\n',
    '\r\n',
    ';',
    '\\',
    '\\.',
    ' ',
    'migrate:',
    '-- migrate:up\n',
  ],
  [
    '-- migrate:down',
    'copy t from stdin;',
    '(',
    ')',
    'drop table t',
    'create table t ()',
    '-- risk:',
    ' x',
    ':',
  ],
  ['begin atomic', 'end', '\uFEFF', '😀', '\ud800', 'alter table t add column', '\0', '-- depnds: 1\n'],
].flat();

describe('splitSections, on anything', () => {
  it('finds exactly the markers that stand outside of everything, and loses no text', () => {
    fc.assert(
      fc.property(fc.tuple(body, body, body, lineEnd), ([before, up, down, end]) => {
        const texts = [before, up, down].map((each) => each.replaceAll('\n', end));
        const [first, second, third] = texts;
        const file = [
          `-- migrate:validate-before${end}${first}${end}`,
          `-- migrate:up transaction:false${end}${second}${end}`,
          `-- migrate:down${end}${third}`,
        ].join('');
        const { sections, problems, transaction } = splitSections(file, 'up');
        expect(problems).toEqual([]);
        expect(transaction).toEqual({ up: 'none', down: null });
        expect(sections.map((section) => [section.kind, section.text])).toEqual([
          ['validate-before', `${first}${end}`],
          ['up', `${second}${end}`],
          ['down', third],
        ]);
        for (const section of sections) {
          const lines = file.split('\n').slice(section.lineOffset).join('\n');
          expect(lines.startsWith(section.text)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never throws, whatever a file holds', () => {
    const pieces = fc.constantFrom(...hostile);
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        for (const whole of ['up', 'down'] as const) {
          for (const section of splitSections(text, whole).sections) {
            expect(text.includes(section.text)).toBe(true);
            findCreateThenDrop(section.text, section.lexed.statements);
          }
        }
        parseDirectives(readHead(text));
      }),
      { numRuns: 500 },
    );
  });
});

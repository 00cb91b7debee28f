import { describe, expect, it } from 'vitest';
import { renderError } from '../../src/cli/render/error.js';
import { renderLocation } from '../../src/cli/render/excerpt.js';
import { failure, look, visible } from './support/reports.js';

const at = (lineText: string, column: number, length: number, width = Number.POSITIVE_INFINITY) =>
  renderLocation({ file: 'a.sql', line: 7, column, lineText, length }, look({ width })).slice(2).join('\n');

describe('an error', () => {
  it('says what, where, the way out and its code', () => {
    expect(renderError(failure, look())).toMatchInlineSnapshot(`
      "✗ The migration 002 "add_email" failed: relation "userz" does not exist.

        migrations/002_add_email.sql:12:13
           │
        12 │ alter table userz add column email text;
           │             ^^^^^

        Hint  Correct the file and run up again; nothing of this migration is in the database.
        MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed"
    `);
  });

  it('uses few colours', () => {
    expect(visible(renderError(failure, look({ colour: true })))).toMatchInlineSnapshot(`
      "<red>✗</> <bold>The migration 002 "add_email" failed: relation "userz" does not exist.</>

        <cyan>migrations/002_add_email.sql:12:13</>
           <dim>│</>
        <dim>12</> <dim>│</> alter table userz add column email text;
           <dim>│</>             <red>^^^^^</>

        <yellow>Hint</>  Correct the file and run up again; nothing of this migration is in the database.
        <dim>MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed</>"
    `);
  });

  it('wraps on 40 columns', () => {
    expect(renderError(failure, look({ width: 40 }))).toMatchInlineSnapshot(`
      "✗ The migration 002 "add_email"
        failed: relation "userz" does not
        exist.

        migrations/002_add_email.sql:12:13
           │
        12 │ …lter table userz add colum…
           │             ^^^^^

        Hint  Correct the file and run up
              again; nothing of this migration
              is in the database.
        MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed"
    `);
  });

  it('repeats what the server added', () => {
    const error = {
      ...failure,
      details: { sqlstate: '23505', detail: 'Key (id)=(1) already exists.', where: 'PL/pgSQL function f()' },
    };
    expect(renderError(error, look())).toContain(
      '  Detail  Key (id)=(1) already exists.\n  Where  PL/pgSQL function f()\n',
    );
  });

  it('lists several problems with their count', () => {
    const { location: _, ...placeless } = failure;
    const error = {
      ...placeless,
      message: '2 migration files cannot be used.',
      problems: [placeless, placeless],
    };
    expect(renderError(error, look())).toMatchInlineSnapshot(`
      "✗ 2 migration files cannot be used.

        Hint  Correct the file and run up again; nothing of this migration is in the database.
        MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed

        1 The migration 002 "add_email" failed: relation "userz" does not exist.

          Hint  Correct the file and run up again; nothing of this migration is in the database.
          MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed

        2 The migration 002 "add_email" failed: relation "userz" does not exist.

          Hint  Correct the file and run up again; nothing of this migration is in the database.
          MIGRATION_FAILED · SQLSTATE 42P01 · docs/errors.md#migration_failed"
    `);
  });
});

describe('the underlined line', () => {
  it('marks the place', () => {
    expect(at('create tabel users ();', 8, 5)).toBe('7 │ create tabel users ();\n  │        ^^^^^');
  });

  it('counts tabs as they are shown', () => {
    expect(at('\tcreate\ttabel', 9, 5)).toBe('7 │     create    tabel\n  │               ^^^^^');
  });

  it('counts wide characters twice, combining ones not at all, and code points beyond 16 bits once', () => {
    expect(at("select '表を', tabel", 14, 5)).toBe("7 │ select '表を', tabel\n  │                ^^^^^");
    expect(at("select 'e\u0301', tabel", 14, 5)).toBe("7 │ select 'e\u0301', tabel\n  │             ^^^^^");
    expect(at("select '𝒳', tabel", 13, 4)).toBe("7 │ select '𝒳', tabel\n  │             ^^^^");
    expect(at('select 表を', 8, 2)).toBe('7 │ select 表を\n  │        ^^^^');
  });

  it('underlines at least one column, also at the end of the line', () => {
    expect(at('select (', 9, 1)).toBe('7 │ select (\n  │         ^');
    expect(at('select (', 99, 3)).toBe('7 │ select (\n  │         ^');
    expect(at('', 1, 1)).toBe('7 │\n  │ ^');
  });

  it('shows control characters, and does not obey them', () => {
    expect(at('a\u001B[2J b', 7, 1)).toBe(String.raw`7 │ a\u001b[2J b` + '\n  │            ^');
  });

  it('shows the part of a long line that matters', () => {
    const line = `${'x'.repeat(200)} tabel ${'y'.repeat(200)}`;
    expect(at(line, 202, 5, 40)).toMatchInlineSnapshot(`
      "7 │ …xxxxxxxxxx tabel yyyyyyyyyy…
        │             ^^^^^"
    `);
    expect(at(`tabel ${'y'.repeat(200)}`, 1, 5, 40)).toMatchInlineSnapshot(`
      "7 │ tabel yyyyyyyyyyyyyyyyyyyyy…
        │ ^^^^^"
    `);
    expect(at('x'.repeat(500), 100, 300, 40)).toMatchInlineSnapshot(`
      "7 │ …xxxxxxxxxxxxxxxxxxxxxxxxxxx…
        │  ^^^^^^^^^^^^^^^^^^^^^^^^^^^"
    `);
  });
});

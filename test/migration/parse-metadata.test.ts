import { describe, expect, it } from 'vitest';
import { readHead } from '../../src/migration/head.js';
import { emptyMetadata } from '../../src/migration/metadata.js';
import {
  parseDirectives,
  certainDirective,
  parseMetadataObject,
} from '../../src/migration/parse-metadata.js';

const parse = (text: string) => parseDirectives(readHead(text));

describe('directives', () => {
  it('reads every directive of the documentation', () => {
    const { metadata, problems } = parse(`
-- migrate:up
-- description: Creates the table of users
-- author: jane@example.org
-- risk: medium
-- depends: 20240101000000, 0003_roles
-- tags: schema, users
-- estimated-duration: 30 seconds
-- requires-downtime: yes
-- affected-tables: users, public.roles
-- reviewed-by: Jo, Kim
-- transaction: per-statement
-- irreversible: The old column is gone.
-- release: 1.2.0
-- environments: development, test
-- lint-ignore require-index: the table stays small
-- repeatable
-- retry: yes
create table users ();`);
    expect(problems).toEqual([]);
    expect(metadata).toEqual({
      description: 'Creates the table of users',
      author: 'jane@example.org',
      risk: 'medium',
      depends: ['20240101000000', '0003_roles'],
      tags: ['schema', 'users'],
      estimatedDurationMs: 30_000,
      requiresDowntime: true,
      affectedTables: ['users', 'public.roles'],
      reviewedBy: ['Jo', 'Kim'],
      transaction: 'per-statement',
      transactionDown: null,
      irreversible: 'The old column is gone.',
      release: '1.2.0',
      environments: ['development', 'test'],
      lintIgnore: [{ rule: 'require-index', reason: 'the table stays small' }],
      repeatable: true,
      retry: true,
    });
  });

  it("reads the spellings of a migration manager's metadata object", () => {
    const { metadata, problems } = parse(`--riskLevel: low
--estimatedDuration: 2 minutes
--requiresDowntime: false
--affectedTables: ['users', 'user_preferences']
--dependencies: ['20231130110000']
--reversible: false
select 1`);
    expect(problems).toEqual([]);
    expect(metadata).toMatchObject({
      risk: 'low',
      estimatedDurationMs: 120_000,
      requiresDowntime: false,
      affectedTables: ['users', 'user_preferences'],
      depends: ['20231130110000'],
      irreversible: 'It is declared as not reversible.',
    });
  });

  it('joins a description of several lines and lists given more than once', () => {
    const { metadata } = parse(
      '-- description: One\n-- description: two.\n-- tags: a\n-- tags: b, a\nselect 1',
    );
    expect(metadata).toMatchObject({ description: 'One two.', tags: ['a', 'b'] });
  });

  it('reads nothing below the first statement and nothing in block comments', () => {
    const { metadata } = parse('/* risk: high */ select 1;\n-- risk: low\n');
    expect(metadata).toEqual(emptyMetadata);
  });

  it('takes a value with a remark behind it', () => {
    expect(parse('-- transaction: none (an index is built)\nselect 1').metadata.transaction).toBe('none');
    expect(parse('-- transaction: false\nselect 1').metadata.transaction).toBe('none');
    expect(parse('-- estimated-duration: ~5 min\nselect 1').metadata.estimatedDurationMs).toBe(300_000);
  });

  it.each([
    ['-- transaction: maybe', /"auto", "none", "per-statement"/],
    ['-- risk: hihg', /"low", "medium", "high"/],
    ['-- requires-downtime: perhaps', /"true" or "false"/],
    ['-- estimated-duration: long', /30m|5 min|1h/],
    ['-- estimated-duration: when it is done', /5 min/],
    ['-- lint-ignore require-index', /lint-ignore <rule>: <reason>/],
    ['-- lint-ignore', /lint-ignore <rule>: <reason>/],
    ['-- depnds: 0001', /depends/],
    ['-- descripton: x', /description/],
    ['-- transacton: none', /transaction/],
    ['-- affected-tabels: users', /affected-tables/],
    ['-- envirnoments: test', /environments/],
  ])('refuses "%s" and says what is accepted', (line, hint) => {
    const { problems } = parse(`-- a heading\n${line}\nselect 1`);
    expect(problems).toMatchObject([{ line: 2, stops: true, hint: expect.stringMatching(hint) as string }]);
  });

  it.each([
    '-- This migration depends: on nothing, really',
    '-- Risk: this may lock the table for a moment',
    '-- Transaction handling is explained in the wiki',
    '-- NOTE: transaction: maybe',
    '-- Step 1: Add new columns',
    '-- see: https://example.org/x',
    '-- Tables: users, posts',
    '-- released: 2024-01-01',
    '-- risks: none known',
    '-- task: ABC-123',
    '-- Up migration',
    '--',
    '-- -----------------------------',
    "-- it's a comment with a quote",
    '-- Reviewed: yes',
    '-- ticket: DB-7',
    '-- version: 20240101',
    '-- name: create_users',
  ])('passes over the prose "%s"', (line) => {
    const { metadata, problems } = parse(`${line}\nselect 1`);
    expect(problems).toEqual([]);
    expect(metadata).toEqual(emptyMetadata);
  });

  it('warns of a lower-case directive with a sentence for a value, and goes on', () => {
    const { metadata, problems } = parse('-- risk: very high indeed\nselect 1');
    expect(problems).toMatchObject([{ line: 1, stops: false }]);
    expect(metadata.risk).toBeNull();
  });
});

describe('metadata objects', () => {
  it('reads the keys of a definition and leaves those of others alone', () => {
    const { metadata, problems } = parseMetadataObject(
      {
        up: 'select 1',
        description: 'x',
        dependsOn: ['0001'],
        riskLevel: 'high',
        transaction: false,
        estimatedDuration: 1500,
        tags: 'a, b',
        lintIgnore: [{ rule: 'r', reason: 'because' }],
        author: undefined,
      },
      ['up'],
    );
    expect(problems).toEqual([]);
    expect(metadata).toMatchObject({
      description: 'x',
      depends: ['0001'],
      risk: 'high',
      transaction: 'none',
      estimatedDurationMs: 1500,
      tags: ['a', 'b'],
      lintIgnore: [{ rule: 'r', reason: 'because' }],
    });
  });

  it('does not offer what a code migration may not say', () => {
    const [problem] = parseMetadataObject({ colour: 'red' }, []).problems;
    expect(problem?.hint).toContain('environments');
    expect(problem?.hint).not.toContain('repeatable');
  });

  it.each([
    [{ dependOn: ['1'] }, /"dependOn" is no key of a migration. Did you mean "dependsOn"/],
    [{ risk: 'enormous' }, /"enormous"/],
    [{ tags: 7 }, /"tags"/],
    [{ description: {} }, /"description"/],
    [{ lintIgnore: ['rule'] }, /"lintIgnore"/],
    [{ transaction: 'sometimes' }, /"sometimes"/],
  ])('refuses %j', (object, message) => {
    const { problems } = parseMetadataObject(object, []);
    expect(problems).toMatchObject([{ stops: true, message: expect.stringMatching(message) as string }]);
  });
});

describe('a directive in the middle of a file', () => {
  it.each([
    ['risk: high', 'risk'],
    ['transaction: none (an index is built)', 'transaction'],
    ['estimated-duration: ~2 minutes', 'estimated-duration'],
    ['depends: 0001, users', 'depends'],
    ['environments: test', 'environments'],
    ['irreversible: the old values are gone', 'irreversible'],
    ['repeatable', 'repeatable'],
    ['lint-ignore no-drop: nobody reads it', 'lint-ignore'],
  ])('is certainly one: %s', (text, name) => {
    expect(certainDirective(text)).toBe(name);
  });

  it.each([
    'Risk: high',
    'risk: rather high',
    'risk:',
    'depends: on what the trigger does',
    'tags: a list of words',
    'description: everything',
    'author: somebody',
    'lint-ignore no-drop',
    'migrate:down',
    'colour: red',
    'then drop the table',
    'Repeatable',
    '',
  ])('may be prose: %s', (text) => {
    expect(certainDirective(text)).toBeNull();
  });
});

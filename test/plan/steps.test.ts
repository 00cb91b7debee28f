import { describe, expect, it } from 'vitest';
import type { SqlScript } from '../../src/migration/migration.js';
import { planSteps, type StepOptions } from '../../src/plan/steps.js';
import { lexScript } from '../../src/sql/script.js';

function scriptOf(text: string): SqlScript {
  return {
    kind: 'sql',
    text,
    statements: lexScript(text).statements,
    file: 'migrations/1.sql',
    lineOffset: 10,
  };
}

function plan(text: string, options: Partial<StepOptions> = {}) {
  return planSteps(scriptOf(text), { mode: 'auto', serverMajor: 18, ...options });
}

/** Each step as `[begin options] statement; statement`, an alone one with an exclamation mark. */
function steps(text: string, options: Partial<StepOptions> = {}): string[] {
  const { steps: planned, problems } = plan(text, options);
  expect(problems.map(({ message }) => message)).toEqual([]);
  return planned.map((step) => {
    if (step.kind === 'code' || step.kind === 'restore') return step.kind;
    if (step.kind === 'backfill') return `~ ${text.slice(step.statement.start, step.statement.end)}`;
    if (step.kind === 'alone') return `! ${text.slice(step.statement.start, step.statement.end)}`;
    const sql = step.statements.map(({ start, end }) => text.slice(start, end)).join('; ');
    return step.begin === null ? sql : `[${step.begin}] ${sql}`;
  });
}

function problems(text: string, options: Partial<StepOptions> = {}) {
  return plan(text, options).problems.map(({ code, location, message }) => ({
    code,
    line: location?.line,
    column: location?.column,
    message,
  }));
}

describe('statements share a transaction', () => {
  it('wherever they may', () => {
    expect(steps('create table t (a int);\ncreate index on t (a); insert into t values (1)')).toEqual([
      'create table t (a int); create index on t (a); insert into t values (1)',
    ]);
  });

  it('except those that PostgreSQL refuses in one', () => {
    expect(
      steps('create table t (a int); create index concurrently i on t (a); vacuum t; select 1; select 2'),
    ).toEqual([
      'create table t (a int)',
      '! create index concurrently i on t (a)',
      '! vacuum t',
      'select 1; select 2',
    ]);
  });

  it('and the word CONCURRENTLY decides nothing', () => {
    expect(steps('select 1; refresh materialized view concurrently v')).toHaveLength(1);
  });

  it('with CALL and DO among them', () => {
    expect(steps('select 1; call p(); do $$ begin end $$')).toHaveLength(1);
  });

  it('with REINDEX and CLUSTER among them, unless their relation is known to be partitioned', () => {
    const text = 'reindex table a.b; cluster b using i';
    expect(steps(text)).toHaveLength(1);
    expect(
      steps(text, { relationKind: (relation) => (relation === 'a.b' ? 'partitioned' : 'plain') }),
    ).toEqual(['! reindex table a.b', 'cluster b using i']);
  });

  it('not where the mode is none; each that means the same in a transaction of its own has one', () => {
    const text = 'create table t (a int); insert into t values (1); set a.b = 1; reindex table t';
    expect(steps(text, { mode: 'none' })).toEqual(text.split('; '));
    expect(
      steps('call p(); do $$ $$; select f(); analyze; vacuum; frobnicate t; with a as (select 1) select 2', {
        mode: 'none',
      }),
    ).toEqual([
      '! call p()',
      '! do $$ $$',
      '! select f()',
      '! analyze',
      '! vacuum',
      '! frobnicate t',
      '! with a as (select 1) select 2',
    ]);
  });

  it('each alone where the mode is per-statement', () => {
    expect(steps('select 1; vacuum; select 2', { mode: 'per-statement' })).toEqual([
      'select 1',
      '! vacuum',
      'select 2',
    ]);
  });

  it('numbers its steps from 1', () => {
    expect(plan('select 1; vacuum; select 2').steps.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('plans nothing for nothing', () => {
    expect(plan('-- nothing')).toMatchObject({ steps: [], problems: [], warnings: [], resumable: true });
  });
});

describe('ALTER TYPE … ADD VALUE', () => {
  const add = "alter type mood add value 'x'";

  it('is committed before what follows', () => {
    expect(steps(`select 1; ${add}; select 2`)).toEqual([`select 1; ${add}`, 'select 2']);
  });

  it('needs no split where nothing follows, and says so to whoever plans what comes next', () => {
    expect(steps(`select 1; ${add}`)).toEqual([`select 1; ${add}`]);
    expect(plan(`select 1; ${add}`).commitAfter?.traits.label).toBe('ALTER TYPE ADD VALUE');
    expect(plan('select 1').commitAfter).toBeNull();
  });

  it('shares its transaction with others of its kind', () => {
    expect(steps(`${add}; alter type mood add value 'y' after 'x'; select 2`)).toHaveLength(2);
  });

  it('of a type made in the same transaction splits before 17 only', () => {
    const text = `create type mood as enum (); ${add}; select 'x'::mood`;
    expect(steps(text, { serverMajor: 16 })).toHaveLength(2);
    expect(steps(text, { serverMajor: 17 })).toHaveLength(1);
  });

  it('stays in a BEGIN … COMMIT of the file', () => {
    expect(steps(`begin; ${add}; select 2; commit`)).toEqual([`${add}; select 2`]);
  });
});

describe('VALIDATE CONSTRAINT', () => {
  it('begins a new transaction after the NOT VALID of its table', () => {
    expect(
      steps(
        'alter table T add constraint c check (a > 0) not valid; select 1; alter table t validate constraint c',
      ),
    ).toEqual([
      'alter table T add constraint c check (a > 0) not valid; select 1',
      'alter table t validate constraint c',
    ]);
  });

  it('stays where another table, or one made in the same transaction, is meant', () => {
    expect(
      steps('alter table a add constraint c check (x) not valid; alter table b validate constraint d'),
    ).toHaveLength(1);
    expect(
      steps(
        'create table a (x bool); alter table a add constraint c check (x) not valid; alter table a validate constraint c',
      ),
    ).toHaveLength(1);
  });
});

describe('BEGIN and COMMIT of the file', () => {
  it('around the whole file are dropped, and their options moved', () => {
    expect(steps('begin; select 1; commit;')).toEqual(['select 1']);
    expect(steps('start transaction isolation level serializable, read write; select 1; end work')).toEqual([
      '[ISOLATION LEVEL SERIALIZABLE, READ WRITE] select 1',
    ]);
  });

  it('several times are one step each, and what stands between commits by itself', () => {
    expect(
      steps('begin; select 1; select 2; commit; select 3; select 4; begin; select 5; commit; vacuum'),
    ).toEqual(['select 1; select 2', 'select 3', 'select 4', 'select 5', '! vacuum']);
  });

  it('take settings beside them in', () => {
    expect(steps('set search_path = a; begin; select 1; commit; reset search_path;')).toEqual([
      'set search_path = a; select 1; reset search_path',
    ]);
  });

  it('around nothing vanish', () => {
    expect(steps('begin; commit; select 1')).toEqual(['select 1']);
  });

  it('are kept together in every mode', () => {
    const text = 'select 1; begin; select 2; select 3; commit';
    expect(steps(text, { mode: 'none' })).toEqual(['! select 1', 'select 2; select 3']);
    expect(steps(text, { mode: 'per-statement' })).toEqual(['select 1', 'select 2; select 3']);
  });

  it('leave savepoints as they are', () => {
    expect(steps('begin; savepoint a; select 1; rollback to a; release a; commit')).toEqual([
      'savepoint a; select 1; rollback to a; release a',
    ]);
  });

  it.each([
    ['select 1;\nrollback;', 12, 1],
    ['begin;\nselect 1;\nabort work;', 13, 1],
    ["begin; select 1;\n prepare transaction 'x';", 12, 2],
    ['begin; select 1;\ncommit and chain; select 2; commit', 12, 1],
    ["commit prepared 'x'", 11, 1],
    ["rollback prepared 'x'", 11, 1],
    ['select 1;\ncommit', 12, 1],
    ['begin;\nselect 1', 11, 1],
    ['begin;\nbegin; select 1; commit', 12, 1],
  ])('are refused by line where they cannot be unwrapped: %j', (text, line, column) => {
    expect(problems(text)[0]).toMatchObject({ code: 'TRANSACTION_CONTROL_REFUSED', line, column });
    expect(plan(text).steps).toEqual([]);
  });

  it('names the BEGIN around a nested one', () => {
    expect(problems('begin;\n\nbegin; select 1; commit')[0]?.message).toContain('BEGIN on line 11');
  });

  it('COMMIT AND NO CHAIN is a plain COMMIT', () => {
    expect(steps('begin; select 1; commit and no chain')).toEqual(['select 1']);
  });

  it('refuses what cannot run between them, with both lines', () => {
    const [problem] = problems('begin;\ncreate index concurrently i on t (a);\ncommit;');
    expect(problem).toMatchObject({ code: 'SINGLE_TRANSACTION_IMPOSSIBLE', line: 12 });
    expect(problem?.message).toContain('BEGIN on line 11');
  });
});

describe('SET TRANSACTION', () => {
  it('is lifted into our BEGIN', () => {
    expect(steps('set transaction isolation level serializable; select 1')).toEqual([
      '[ISOLATION LEVEL SERIALIZABLE] select 1',
    ]);
    expect(
      steps(
        'begin read write; set local x.y = 1; set transaction isolation level repeatable read; select 1; end',
      ),
    ).toEqual(['[READ WRITE, ISOLATION LEVEL REPEATABLE READ] set local x.y = 1; select 1']);
  });

  it.each([
    ['select 1;\nset transaction isolation level serializable', 12],
    ["set transaction snapshot '0-1'; select 1", 11],
    ['set transaction read only; select 1', 11],
    ['begin read only; select 1; commit', 11],
    ['begin; select 1; commit;\nset transaction isolation level serializable; select 1', 12],
  ])('is refused where it cannot be: %j', (text, line) => {
    expect(problems(text)).toMatchObject([{ code: 'TRANSACTION_CONTROL_REFUSED', line }]);
  });

  it('is lost at a split, which is refused', () => {
    expect(problems('set transaction isolation level serializable; select 1;\nvacuum')).toMatchObject([
      { code: 'SPLIT_LOSES_STATE', line: 11 },
    ]);
  });
});

describe('state of the transaction', () => {
  it.each([
    'set local search_path = a',
    "select set_config('a.b', 'c', true)",
    'set constraints all deferred',
    'create temp table x (a int) on commit drop',
    'create temp table x (a int) on commit delete rows',
    'declare c cursor for select 1',
    'lock table t',
    'savepoint a',
    'select pg_advisory_xact_lock(1)',
    'savepoint a; savepoint b; release b',
    'savepoint a; rollback to a',
  ])('open at a split is refused with both lines: %s', (opener) => {
    const found = problems(`${opener};\nselect 1;\nvacuum t;`);
    expect(found).toMatchObject([{ code: 'SPLIT_LOSES_STATE', line: 11, column: 1 }]);
    expect(found[0]?.message).toContain('on line 11');
    expect(found[0]?.message).toContain('VACUUM on line 13');
  });

  it.each([
    'savepoint a; select 1; release a',
    'savepoint a; savepoint b; release savepoint A',
    'declare c cursor for select 1; close c',
    'declare "c" cursor for select 1; close all',
    'create temp table x (a int) on commit drop; drop table y, x',
    'set constraints all deferred; set constraints all immediate',
    'set constraints all immediate',
  ])('that was closed before the split is not: %s', (text) => {
    expect(problems(`${text};\nvacuum t;`)).toEqual([]);
  });

  it('that no split follows is not', () => {
    expect(problems('vacuum t; set local search_path = a; select 1')).toEqual([]);
  });

  it('in a block of the file ends where its author ended it', () => {
    expect(problems('begin; set local search_path = a; select 1; commit; vacuum t')).toEqual([]);
  });

  it.each(['none', 'per-statement'] as const)('has no place in mode %s', (mode) => {
    expect(problems('set local search_path = a;\nselect 1', { mode })).toMatchObject([
      { code: 'SPLIT_LOSES_STATE', line: 11 },
    ]);
  });

  it.each([
    'select lastval()',
    "select nextval('s'); vacuum t; select lastval()",
    'begin; insert into t values (1); commit; begin; create table u as select LASTVAL() as a; commit',
  ])('is not what lastval() finds at the beginning of a step: %s', (text) => {
    expect(problems(text)).toMatchObject([{ code: 'SPLIT_LOSES_STATE' }]);
  });

  it.each([
    'insert into t values (1); select lastval()',
    "vacuum t; do $$ begin perform nextval('s'); end $$; select lastval()",
    "select nextval('s'); vacuum t; select currval('s')",
    "select 'lastval()'::text || 'currval(1)'",
  ])('is what lastval() finds behind the statement that set it: %s', (text) => {
    expect(problems(text)).toEqual([]);
  });

  it('counts also where ADD VALUE makes the split', () => {
    expect(problems("lock table t;\nalter type mood add value 'x';\nselect 1")).toMatchObject([
      { code: 'SPLIT_LOSES_STATE', line: 11 },
    ]);
  });
});

describe('state of the session', () => {
  it.each([
    ['create temp table x (a int); vacuum t; select 1', 'CREATE TABLE on line 11'],
    ['select 1 into temp x; vacuum t', 'SELECT on line 11'],
    ['prepare p as select 1; vacuum t; execute p', 'PREPARE on line 11'],
    ['declare c cursor with hold for select 1; vacuum t', 'DECLARE on line 11'],
    ["insert into t values (1); vacuum t;\nselect currval('s')", 'SELECT on line 12'],
  ])('keeps a crashed run from going on: %s', (text, why) => {
    const planned = plan(text);
    expect(planned.resumable).toBe(false);
    expect(planned.notResumable).toContain(why);
    expect(planned.warnings).toMatchObject([{ code: 'not-resumable' }]);
  });

  it.each([
    'create temp table x (a int); select 1',
    'create temp table x (a int); drop table x; vacuum t',
    'prepare p as select 1; deallocate p; vacuum t',
    'vacuum t; insert into t values (1)',
    'set search_path = a; set role b; vacuum t; select 1',
    "select currval('s'); vacuum t",
  ])('does not where nothing of it crosses a split: %s', (text) => {
    expect(plan(text)).toMatchObject({ resumable: true, notResumable: null, warnings: [] });
  });

  it('is told where the file sets timeouts of its own', () => {
    const { warnings } = plan('set statement_timeout = 0;\nset lock_timeout = 0; select 1');
    expect(warnings).toMatchObject([{ code: 'timeout-in-file' }]);
    expect(warnings[0]?.message).toContain('line 11');
  });
});

describe('commands that would break the session', () => {
  it.each([
    'discard all',
    'select pg_advisory_unlock_all()',
    'set standard_conforming_strings = off',
    "set client_encoding = 'latin1'",
  ])('are refused by line: %s', (sql) => {
    expect(problems(`select 1;\n${sql};`)).toMatchObject([
      { code: 'SESSION_COMMAND_REFUSED', line: 12, column: 1 },
    ]);
  });
});

describe('one transaction for the whole run', () => {
  const single = { singleTransaction: true };

  it.each([
    ['vacuum t', 11],
    ["alter type m add value 'x';\nselect 1", 12],
    ['begin; select 1; commit;\nbegin; select 2; commit', 12],
    ['begin isolation level serializable; select 1; commit', 11],
  ])('is refused for %j', (text, line) => {
    expect(problems(text, single)).toMatchObject([{ code: 'SINGLE_TRANSACTION_IMPOSSIBLE', line }]);
  });

  it('is refused for other modes where they would split', () => {
    expect(problems('select 1;\nselect 2', { ...single, mode: 'per-statement' })).toMatchObject([
      { line: 12 },
    ]);
    expect(problems('select 1', { ...single, mode: 'none' })).toMatchObject([{ line: 11 }]);
  });

  it('keeps VALIDATE beside its NOT VALID, since that split is a kindness and no must', () => {
    expect(
      steps(
        'alter table t add constraint c check (a) not valid; alter table t validate constraint c',
        single,
      ),
    ).toHaveLength(1);
  });

  it('drops a BEGIN … COMMIT around the file', () => {
    expect(steps('begin; select 1; commit', single)).toEqual(['select 1']);
  });
});

describe('the hash of a step', () => {
  const hashes = (text: string) => plan(text).steps.map(({ hash }) => hash);

  it('says the same for the same tokens', () => {
    expect(hashes('select 1; vacuum t;')).toEqual(hashes('-- a\nselect   1;\n\nvacuum /* b */ t'));
    expect(hashes('select 1')[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('differs with the statements, their order, their data and the options of BEGIN', () => {
    const all = [
      'select 1',
      'select 2',
      'select 1; select 2',
      'select 2; select 1',
      'copy t from stdin;\n1\n\\.\n',
      'copy t from stdin;\n2\n\\.\n',
      'begin isolation level serializable; select 1; commit',
    ].map((text) => hashes(text)[0]);
    expect(new Set(all).size).toBe(all.length);
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBreaches, findCycles, readSourceTree } from './support/architecture.js';
import { repository } from './support/project.js';

const check = (files: Readonly<Record<string, string>>): readonly string[] =>
  findBreaches(new Map(Object.entries(files)));

describe('the house', () => {
  const tree = readSourceTree(join(repository, 'src'));

  it('has every folder on a floor, imports that only go down, no cycle, and files of a readable size', () => {
    expect(findBreaches(tree)).toEqual([]);
  });

  it('was really read', () => {
    expect(tree.size).toBeGreaterThan(10);
    expect([...tree.keys()]).toContain('core/errors.ts');
  });
});

describe('the checker of the house', () => {
  const errors = { 'core/errors.ts': 'export const a = 1; export interface A {}' };

  it('accepts imports that go down', () => {
    expect(check({ ...errors, 'plan/plan.ts': "import { a } from '../core/errors.js';" })).toEqual([]);
  });

  it.each([
    ['a static import', "import { up } from '../app/up.js';"],
    ['an import for its effect', "import '../app/up.js';"],
    ['a dynamic import', "export const f = () => import('../app/up.js');"],
    ['a type import', "import type { Up } from '../app/up.js';"],
    ['an inline type', "export type T = import('../app/up.js').Up;"],
    ['an export from', "export { up } from '../app/up.js';"],
    ['an export of everything', "export * from '../app/up.js';"],
    ['an export of a type', "export type { Up } from '../app/up.js';"],
  ])('refuses an upward import: %s', (_, text) => {
    const tree = { 'app/up.ts': 'export const up = 1; export interface Up {}', 'plan/plan.ts': `\n${text}` };
    expect(check(tree)).toEqual(['plan/plan.ts:2: Upward import: plan (4) -> app (8).']);
  });

  it('refuses an import between two folders of one floor', () => {
    const tree = {
      'history/read.ts': 'export const r = 1;',
      'source/read.ts': "import '../history/read.js';",
    };
    expect(check(tree)).toEqual(['source/read.ts:1: Sideways import: source -> history (both on floor 3).']);
  });

  it('lets pg import sql, and not the other way round', () => {
    expect(check({ 'sql/quote.ts': '', 'pg/session.ts': "import '../sql/quote.js';" })).toEqual([]);
    expect(check({ 'pg/session.ts': '', 'sql/quote.ts': "import '../pg/session.js';" })).toHaveLength(1);
  });

  it('refuses that a folder imports the face of the library', () => {
    expect(check({ 'index.ts': '', 'cli/main.ts': "import '../index.js';" })).toEqual([
      'cli/main.ts:1: Sideways import: cli -> . (both on floor 9).',
    ]);
  });

  it('refuses a folder that is on no floor', () => {
    expect(check({ ...errors, 'utils/all.ts': "import '../core/errors.js';" })).toEqual([
      'utils/all.ts:1: Folder without a floor: utils/.',
    ]);
  });

  it('refuses a cycle of values and a cycle of types', () => {
    const a = "import type { B } from './b.js'; export type A = B;";
    const b = "import type { A } from './a.js'; export type B = A;";
    expect(check({ 'core/a.ts': a, 'core/b.ts': b })).toEqual([
      'core/a.ts:1: Import cycle: core/a.ts -> core/b.ts -> core/a.ts.',
    ]);
    expect(findCycles(new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]]))).toEqual([['b', 'c', 'b']]); // prettier-ignore
    expect(findCycles(new Map([['a', ['b', 'c']], ['b', ['c']], ['c', []]]))).toEqual([]); // prettier-ignore
  });

  it('refuses the driver outside pg, except its types where a migration is given a client', () => {
    expect(check({ 'pg/connect.ts': "import { Client } from 'pg';" })).toEqual([]);
    expect(check({ 'migration/database.ts': "import type { Client } from 'pg';" })).toEqual([]);
    expect(check({ 'migration/database.ts': "import { type Client } from 'pg';" })).toHaveLength(1);
    expect(check({ 'history/read.ts': "import type { Client } from 'pg';" })).toHaveLength(1);
    expect(check({ 'seed/copy.ts': "await import('pg-copy-streams');" })).toEqual([
      'seed/copy.ts:1: Import of the driver outside pg/: pg-copy-streams.',
    ]);
  });

  it('refuses console and process.exit outside the command line', () => {
    const text = 'console.log(1);\nprocess.exit(process.argv.length);\nprocess.stdout.write("x");';
    expect(check({ 'cli/main.ts': text })).toEqual([]);
    expect(check({ 'app/up.ts': text })).toEqual([
      'app/up.ts:1: console.log outside cli/ and studio/.',
      'app/up.ts:2: process.exit outside cli/ and studio/.',
      'app/up.ts:2: process.argv outside cli/ and studio/.',
      'app/up.ts:3: process.stdout outside cli/ and studio/.',
    ]);
    expect(check({ 'app/up.ts': '// console.log\nexport const cwd = process.cwd();' })).toEqual([]);
  });

  it('refuses an import of nothing and one that leaves src', () => {
    expect(check({ 'app/up.ts': "import './gone.js'; import '../../test/x.js';" })).toEqual([
      'app/up.ts:1: Import of a file that does not exist: ./gone.js.',
      'app/up.ts:1: Import leaves src: ../../test/x.js.',
    ]);
  });

  it('refuses a file of more than 300 lines', () => {
    expect(check({ 'core/a.ts': 'export {};\n'.repeat(300) })).toEqual([]);
    expect(check({ 'core/a.ts': 'export {};\n'.repeat(301) })).toHaveLength(1);
  });
});

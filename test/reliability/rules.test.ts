import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from '../support/project.js';

interface Rule {
  readonly rule: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');

it('every rule of a run names tests that are there', () => {
  const rules = JSON.parse(read('test/reliability/rules.json')) as readonly Rule[];
  expect(rules.filter(({ tests }) => tests.length === 0)).toEqual([]);
  const named = rules.flatMap(({ tests }) => tests);
  expect(named.filter(({ file, title }) => !read(file).includes(title))).toEqual([]);
});

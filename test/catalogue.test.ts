import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCatalogue } from '../src/core/error-catalogue.js';
import { LockkeeperError } from '../src/core/errors.js';
import { readSourceTree } from './support/architecture.js';
import { repository } from './support/project.js';

const docs = readFileSync(join(repository, 'docs', 'errors.md'), 'utf8');
const codes = Object.keys(errorCatalogue) as (keyof typeof errorCatalogue)[];
const sources = [...readSourceTree(join(repository, 'src'))].filter(
  ([file]) => file !== 'core/error-catalogue.ts',
);

describe('the error catalogue', () => {
  it('is what docs/errors.md was made from', () => {
    const made = spawnSync(process.execPath, ['scripts/build-docs.mjs', '--stdout'], {
      cwd: repository,
      encoding: 'utf8',
    });
    expect(made.stderr).toBe('');
    expect(docs, 'run `node scripts/build-docs.mjs` and commit docs/errors.md').toBe(made.stdout);
  });

  it.each(codes)('documents %s under the address that the error gives, with its exit status', (code) => {
    const error = new LockkeeperError(code, { message: 'x' });
    const [page, anchor] = error.docs.split('#');
    const section = docs.split(/^### /m).find((text) => text.startsWith(`${code}\n`));
    expect(page).toBe('docs/errors.md');
    expect(anchor).toBe(code.toLowerCase());
    expect(section).toContain(`Exit status ${error.exit}.`);
    for (const part of ['What it means', 'Why', 'The way out'])
      expect(section).toMatch(new RegExp(`\\*\\*${part}\\.\\*\\* \\S`));
  });

  it('has every code that the source throws', () => {
    const thrown = sources.flatMap(([file, text]) =>
      [...text.matchAll(/new \w*Error\(\s*'([A-Z][A-Z_]+)'/g)].map((match) => `${file}: ${match[1]}`),
    );
    expect(thrown.filter((use) => !(codes as string[]).includes(use.split(': ')[1] ?? ''))).toEqual([]);
  });

  it('has no code that nothing in the source can give', () => {
    const text = sources.map(([, source]) => source).join('\n');
    expect(codes.filter((code) => !new RegExp(`['"\`]${code}['"\`]`).test(text))).toEqual([]);
  });

  it('explains every exit status that a code has', () => {
    const documented = [...docs.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(documented).toEqual(
      expect.arrayContaining([...new Set(codes.map((code) => errorCatalogue[code].exit))]),
    );
  });
});

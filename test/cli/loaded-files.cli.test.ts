import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../support/project.js';

const dist = join(repository, 'dist');

/** The text of a built file and of all that it imports at once. */
function loadedWith(file: string, seen: Set<string> = new Set<string>()): string {
  if (seen.has(file)) return '';
  seen.add(file);
  const text = readFileSync(file, 'utf8');
  const imports = [...text.matchAll(/(?:from|import)\s*"(\.[^"]+)"/g)].map(([, path = '']) => path);
  return [text, ...imports.map((path) => loadedWith(join(dirname(file), path), seen))].join('\n');
}

/** What a dynamic import of a module with this name leads to. */
function imported(name: string, text: string): string {
  const [, path = ''] = new RegExp(`import\\(["\`]\\./(${name}-[\\w-]+\\.js)`).exec(text) ?? [];
  return loadedWith(join(dist, 'chunks', path));
}

describe('what the built program loads', () => {
  const start = loadedWith(join(dist, 'command-line.js'));
  const library = imported('create-lockkeeper', start);
  const reading = imported('status', library);

  it('finds its way from the command line to a verb', () => {
    expect(library).toContain('function createLockkeeper(');
    expect(reading).toContain('function status(');
    expect(imported('up', library)).toContain('function executePlan(');
  });

  it('loads neither what runs migrations nor the embedded server for a verb that reads', () => {
    for (const text of [start, library, reading]) {
      expect(text).not.toContain('function executePlan(');
      expect(text).not.toContain('function ensureServer(');
    }
  });
});

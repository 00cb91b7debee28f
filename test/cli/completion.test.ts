import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bashScript } from '../../src/cli/completion/bash.js';
import { fishScript } from '../../src/cli/completion/fish.js';
import { zshScript } from '../../src/cli/completion/zsh.js';
import { commands } from '../../src/cli/table.js';
import { flagsOf } from '../../src/cli/usage.js';

const scripts = { bash: bashScript(commands), zsh: zshScript(commands), fish: fishScript(commands) };

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** What bash would offer behind these words. */
function offeredByBash(...words: readonly string[]): readonly string[] {
  const quoted = ['lockkeeper', ...words].map((word) => `'${word}'`).join(' ');
  const input = `${scripts.bash}\nCOMP_WORDS=(${quoted})\nCOMP_CWORD=${words.length}\n_lockkeeper\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc'], { input, encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

describe.skipIf(!has('bash'))('in bash', () => {
  it('is a script that bash can read', () => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: scripts.bash, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('offers verbs first', () => {
    expect(offeredByBash('st')).toEqual(['status']);
    expect(offeredByBash('--env', 'test', 're')).toEqual(['redo', 'reset', 'repair']);
  });

  it('offers the flags of the verb, and no others', () => {
    expect(offeredByBash('up', '--s')).toEqual(['--steps', '--single-transaction', '--statement-timeout']);
    expect(offeredByBash('status', '--c')).toEqual(['--check', '--config', '--cwd', '--confirm']);
  });

  it('offers the values of flags and arguments', () => {
    expect(offeredByBash('new', 'x', '--format', '')).toEqual(['sql', 'ts']);
    expect(offeredByBash('new', 'x', '--template', 'c')).toEqual(['create-table', 'create-index']);
    expect(offeredByBash('up', '--env', 'p')).toEqual(['production']);
    expect(offeredByBash('db', 'sta')).toEqual(['start', 'status']);
    expect(offeredByBash('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
    expect(offeredByBash('help', 'un')).toEqual([]);
    expect(offeredByBash('help', 'do')).toEqual(['down', 'doctor']);
  });

  it('offers files and folders where a path is wanted, and nothing where anything may come', () => {
    expect(offeredByBash('up', '-C', '/et')).toEqual(['/etc']);
    expect(offeredByBash('up', '--to', '')).toEqual([]);
  });
});

describe.each(['zsh', 'fish'] as const)('in %s', (shell) => {
  it.skipIf(!has(shell))('is a script that the shell can read', () => {
    const { status, stderr } = spawnSync(shell, ['-n'], { input: scripts[shell], encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('knows every verb and every flag', () => {
    for (const command of commands) {
      expect(scripts[shell]).toContain(command.name);
      for (const flag of flagsOf(command))
        expect(scripts[shell]).toContain(shell === 'fish' ? `-l ${flag.name} ` : `--${flag.name}`);
    }
  });

  it('leaves no quote open', () => {
    // Quotes within texts are escaped in both shells; what is left has to be even on each line.
    const open = scripts[shell]
      .replaceAll(shell === 'zsh' ? String.raw`'\''` : String.raw`\'`, '')
      .split('\n')
      .filter((line) => !line.startsWith('#') && (line.match(/'/g)?.length ?? 0) % 2 === 1);
    expect(open).toEqual([]);
  });
});

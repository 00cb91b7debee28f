import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createJsonLog } from '../../src/observe/json-log.js';
import { tempProject, type TempProject } from '../support/project.js';
import { surroundings } from './support.js';

let project: TempProject;
beforeEach(() => (project = tempProject()));
afterEach(() => project.remove());

const parse = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const runStart = { runId: 'r-1', direction: 'up', environment: 'test', migrations: [] } as const;
const migration = { runId: 'r-1', version: '7', name: 'a', direction: 'up' } as const;

it('writes one line for each event, each with the same first fields', async () => {
  project.write('lk.log', '{"before":true}\n');
  const log = createJsonLog({ file: join(project.dir, 'lk.log') }, surroundings());
  log.hear('lock:acquired', { waitedMs: 3 });
  log.hear('run:start', { ...runStart, migrations: [{ version: '7', name: 'a' }] });
  log.hear('notice', { severity: 'WARNING', message: 'two\nlines' });
  log.hear('migration:apply:success', {
    ...migration,
    report: { version: '7', name: 'a', durationMs: 1500, steps: [] },
  });
  // Written at once: a run that is killed has told what happened before.
  const lines = parse(project.read('lk.log')).slice(1);
  await log.end();
  const same = {
    time: '2026-01-02T03:04:05.006Z',
    verb: 'up',
    environment: 'test',
    database: 'db.example.com:5432/shop',
    host: 'runner-7',
    pid: process.pid,
    lockkeeper: '1.2.3',
  };
  expect(lines).toEqual([
    {
      ...same,
      level: 'info',
      event: 'lock:acquired',
      runId: null,
      message: 'The lock is held, after 3ms.',
      waitedMs: 3,
    },
    {
      ...same,
      level: 'info',
      event: 'run:start',
      runId: 'r-1',
      message: 'The run begins: 1 migration to apply.',
      direction: 'up',
      migrations: 1,
    },
    { ...same, level: 'warn', event: 'notice', runId: 'r-1', message: 'two\nlines', severity: 'WARNING' },
    {
      ...same,
      level: 'info',
      event: 'migration:apply:success',
      runId: 'r-1',
      message: 'Migration 7 a is done in 1.5s.',
      version: '7',
      name: 'a',
      direction: 'up',
      durationMs: 1500,
      steps: 0,
    },
  ]);
});

it('hides secrets, and stays JSON whatever they look like', () => {
  const lines: string[] = [];
  const log = createJsonLog({ file: null }, surroundings({ writeLog: (line) => void lines.push(line) }));
  const message = `create role a password 'hunter22`;
  log.hear('notice', { severity: 'NOTICE', message });
  log.hear('migration:apply:error', {
    ...migration,
    error: { code: 'MIGRATION_FAILED', message, details: { statement: message, password: 'x1' }, docs: '' },
  });
  expect(lines.join('')).not.toMatch(/hunter22|"x1"/);
  expect(lines.map((line) => line.endsWith('\n'))).toEqual([true, true]);
  expect(parse(lines.join(''))).toHaveLength(2);
});

it('keeps a line readable where an error lists a thousand problems', () => {
  const lines: string[] = [];
  const log = createJsonLog({ file: null }, surroundings({ writeLog: (line) => void lines.push(line) }));
  const problem = { code: 'SQL_SYNTAX', message: 'No.', docs: '' } as const;
  const problems = Array.from({ length: 1000 }, () => problem);
  log.hear('run:refused', {
    verb: 'up',
    environment: 'test',
    error: { code: 'MIGRATIONS_UNUSABLE', message: '1000.', problems, docs: '' },
  });
  const [{ error }] = parse(lines.join('')) as [{ error: { problems: unknown[]; problemCount: number } }];
  expect(error.problems).toHaveLength(20);
  expect(error.problemCount).toBe(1000);
});

it('warns once, and goes on, where the file cannot be written', async () => {
  const around = surroundings();
  const log = createJsonLog({ file: join(project.dir, 'no', 'such', 'folder') }, around);
  log.hear('run:start', runStart);
  log.hear('run:start', runStart);
  await log.end();
  expect(around.warnings).toMatchObject([{ code: 'log-not-written' }]);
});

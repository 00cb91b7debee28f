import type { AppliedItem, StatusReport } from '../../../src/app/lockkeeper.js';
import { createLook, type LookOptions } from '../../../src/cli/look.js';
import type { Look } from '../../../src/cli/look.js';
import type { ErrorJson } from '../../../src/core/errors.js';
import type { MigrationReport, RunReport } from '../../../src/core/report.js';

export const look = (options: Partial<LookOptions> = {}): Look =>
  createLook({ colour: false, unicode: true, width: Number.POSITIVE_INFINITY, verbose: false, ...options });

/** Colours written as <red>…</red>, so that a snapshot can be read. */
export function visible(text: string): string {
  const names: Record<string, string> = {
    '1': '<bold>',
    '2': '<dim>',
    '22': '</>',
    '31': '<red>',
    '32': '<green>',
    '33': '<yellow>',
    '36': '<cyan>',
    '39': '</>',
  };
  // oxlint-disable-next-line no-control-regex -- colours begin with a control character
  return text.replaceAll(/\u001B\[(\d+)m/g, (_, code: string) => names[code] ?? `<${code}>`);
}

export const applied = (version: string, name: string, executionTimeMs: number | null = 12): AppliedItem => ({
  version,
  name,
  // Without an offset it is local time, so that the snapshot is the same in every time zone.
  appliedAt: '2024-02-01T10:30:05',
  executionTimeMs,
  batch: 1,
  format: 'sql',
  release: null,
  tags: [],
});

export const status = (parts: Partial<StatusReport> = {}): StatusReport => ({
  environment: 'development',
  database: 'localhost:5432/app',
  applied: [],
  pending: [],
  missing: [],
  changed: [],
  outOfOrder: [],
  failed: [],
  ...parts,
});

export const migration = (version: string, name: string, durationMs = 12, retries = 0): MigrationReport => ({
  version,
  name,
  durationMs,
  steps: [{ step: 1, transaction: true, statements: 1, durationMs, retries }],
});

export const runReport = (parts: Partial<RunReport> = {}): RunReport => ({
  runId: '0197-run',
  direction: 'up',
  environment: 'development',
  batch: 3,
  applied: [migration('001', 'create_users'), migration('002', 'add_email', 1234)],
  failed: null,
  notRun: [],
  warnings: [],
  durationMs: 1250,
  ...parts,
});

export const failure: ErrorJson = {
  code: 'MIGRATION_FAILED',
  message: 'The migration 002 "add_email" failed: relation "userz" does not exist.',
  hint: 'Correct the file and run up again; nothing of this migration is in the database.',
  location: {
    file: 'migrations/002_add_email.sql',
    line: 12,
    column: 13,
    lineText: 'alter table userz add column email text;',
    length: 5,
  },
  details: { sqlstate: '42P01' },
  docs: 'docs/errors.md#migration_failed',
};

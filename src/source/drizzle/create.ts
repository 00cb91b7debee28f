import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { lexScript } from '../../sql/script.js';
import type { NewFile, NewFileRequest } from '../format.js';
import type { DrizzleLayout } from './folder.js';
import { journalPath } from './journal.js';

/** Its first migration has no snapshot before it; Drizzle Kit's own beginning (`prevId` of the first snapshot). */
const nothing = '00000000-0000-0000-0000-000000000000';

/**
 * What `drizzle-kit generate --custom` would write, with the SQL of the template: the file, its entry in the journal, and
 * the snapshot of the one before it, so that the next `generate` compares with the same schema as before.
 */
export function createDrizzleMigration(
  dir: string,
  layout: DrizzleLayout,
  request: NewFileRequest,
): readonly NewFile[] {
  return layout === 'journal' ? inJournal(dir, request) : inFolder(dir, request);
}

interface Journal {
  readonly version?: string;
  readonly entries: readonly { readonly idx: number; readonly when: number; readonly version?: string }[];
}

function inJournal(dir: string, { name, now, up, down }: NewFileRequest): readonly NewFile[] {
  const path = journalPath(dir);
  const journal = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, '')) as Journal;
  const { entries } = journal;
  const last = entries.at(-1);
  const idx = Math.max(-1, ...entries.map((entry) => entry.idx)) + 1;
  // Drizzle skips what is not younger than the newest row of its table.
  const when = Math.max(now.getTime(), ...entries.map((entry) => entry.when + 1));
  const number = String(idx).padStart(4, '0');
  const tag = `${number}_${name}`;
  const entry = { idx, version: last?.version ?? journal.version ?? '7', when, tag, breakpoints: true };
  const text = JSON.stringify({ ...journal, entries: [...entries, entry] }, null, 2);
  const before = join(dir, 'meta', `${String(last?.idx ?? 0).padStart(4, '0')}_snapshot.json`);
  return [
    { path: join(dir, `${tag}.sql`), content: withBreakpoints(up) },
    ...(down === null ? [] : [{ path: join(dir, `${tag}.down.sql`), content: down }]),
    ...snapshot(before, join(dir, 'meta', `${number}_snapshot.json`)),
    { path, content: text, replaces: true },
  ];
}

function inFolder(dir: string, { name, now, up, down, existing }: NewFileRequest): readonly NewFile[] {
  const stamp = now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const folder = join(dir, `${stamp}_${name}`);
  const last = existsSync(dir)
    ? readdirSync(dir).findLast((entry) => existsSync(join(dir, entry, 'snapshot.json')))
    : undefined;
  if (existing.length === 0) throw noLayout(dir);
  return [
    { path: join(folder, 'migration.sql'), content: withBreakpoints(up) },
    ...(down === null ? [] : [{ path: join(folder, 'down.sql'), content: down }]),
    ...(last === undefined ? [] : snapshot(join(dir, last, 'snapshot.json'), join(folder, 'snapshot.json'))),
  ];
}

/** The layout of an empty folder is that of the version of Drizzle Kit that will read it, and nothing tells it here. */
function noLayout(dir: string): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message: `Drizzle has no migration in ${basename(dir)} yet, and its versions lay such a folder out in two ways.`,
    hint: 'Let it write the first one: npx drizzle-kit generate --custom. "lockkeeper new" goes on from there.',
  });
}

/** The schema as TypeScript says it has not changed, so it is the one before under an id of its own. */
function snapshot(before: string, path: string): readonly NewFile[] {
  if (!existsSync(before)) return [];
  const old = JSON.parse(readFileSync(before, 'utf8')) as {
    readonly id?: string;
    readonly prevIds?: unknown;
  };
  const id = old.id ?? nothing;
  const previous = Array.isArray(old.prevIds) ? { prevIds: [id] } : { prevId: id };
  return [{ path, content: JSON.stringify({ ...old, id: randomUUID(), ...previous }, null, 2) }];
}

/** Drizzle sends what stands between two of its marks as one query. */
function withBreakpoints(sql: string): string {
  const { statements } = lexScript(sql);
  if (statements.length < 2) return `${sql.trim()}\n`;
  const texts = statements.map(({ end }, index) =>
    sql.slice(statements[index - 1]?.end ?? 0, end).replace(/^\s*;\s*/, ''),
  );
  return `${texts.map((text) => `${text.trim()};`).join('\n--> statement-breakpoint\n')}\n`;
}

import { impliesDown } from '../../migration/backfill.js';
import type { Metadata, TransactionMode } from '../../migration/metadata.js';
import type { Migration, Script, SqlScript } from '../../migration/migration.js';
import { withBackfillDirectives } from './backfill-text.js';
import type { CollectedScript } from './sent-statements.js';

/** What goes into a converted file. */
export interface FileParts {
  readonly migration: Migration;
  /** The old file, as shown to people. */
  readonly from: string;
  readonly up: CollectedScript | null;
  readonly down: CollectedScript | null;
  /** Why there is no way down although the old file has one; null where there is one, or never was. */
  readonly brokenDown: string | null;
  /** Settings that earlier migrations made, and this one found, with the old tool. */
  readonly settings: readonly string[];
  readonly depends: readonly string[];
}

/** A native SQL file with both ways. */
export function renderConverted(parts: FileParts): string {
  const { migration, from, up, down, brokenDown } = parts;
  const { metadata, validateBefore, validateAfter } = migration;
  const upMode = modeOf(metadata.transaction, up);
  const downMode = modeOf(metadata.transactionDown ?? metadata.transaction, down);
  const sections = [
    `${marker('up', upMode)}\n${[...parts.settings, body(migration.up, up, migration.format)].join('\n')}`,
    ...(migration.down === null || brokenDown !== null || isImplied(migration)
      ? []
      : [`${marker('down', downMode, upMode)}\n${body(migration.down, down, migration.format)}`]),
    ...section('validate-before', validateBefore),
    ...section('validate-after', validateAfter),
  ];
  const head = [
    ...directives(metadata, parts.depends),
    `-- Converted from ${from}.`,
    ...(brokenDown === null
      ? []
      : [comment(`It has no way down: the old one failed when it was tried: ${brokenDown}`)]),
  ];
  return `${head.join('\n')}\n\n${sections.join('\n\n')}\n`;
}

function body(script: Script, collected: CollectedScript | null, format: Migration['format']): string {
  // In an SQL file the directives stand in the text already.
  if (script.kind === 'sql' && format === 'typescript' && script.backfills !== undefined)
    return withBackfillDirectives(script);
  if (script.kind === 'sql') return script.text.replace(/^\s*\n/, '').trimEnd() || 'select 1;';
  if (collected === null) return 'select 1;';
  const notes = collected.notes.map((note) => comment(`note: ${note}`));
  return [...notes, ...collected.statements].join('\n');
}

/** A way back that nobody wrote, because backfills have kept the old values: in the new file it is implied as well. */
const isImplied = ({ up, down }: Migration): boolean =>
  down?.kind === 'sql' &&
  down.statements.length === 0 &&
  up.kind === 'sql' &&
  impliesDown(up.statements, up.backfills);

/** A comment of one line: what it quotes may hold line ends. */
const comment = (text: string): string => `-- ${text.replaceAll(/\s+/g, ' ')}`;

/** A function that made transactions of its own in none of ours needs ours, because its own are not written down. */
function modeOf(mode: TransactionMode, collected: CollectedScript | null): TransactionMode {
  return mode === 'none' && collected?.ownTransactions === true ? 'auto' : mode;
}

/** The way down has the mode of the way up where it does not say another. */
function marker(way: 'up' | 'down', mode: TransactionMode, before: TransactionMode = 'auto'): string {
  const isNone = mode === 'none';
  if (isNone === (before === 'none')) return `-- migrate:${way}`;
  return `-- migrate:${way} transaction:${isNone ? 'false' : 'true'}`;
}

function section(kind: string, script: SqlScript | null): readonly string[] {
  return script === null ? [] : [`-- migrate:${kind}\n${script.text.trim()}`];
}

function directives(metadata: Metadata, depends: readonly string[]): readonly string[] {
  const lists = { depends, tags: metadata.tags, environments: metadata.environments } as const;
  const words = {
    description: metadata.description,
    author: metadata.author,
    risk: metadata.risk,
    release: metadata.release,
    irreversible: metadata.irreversible,
    transaction: metadata.transaction === 'per-statement' ? 'per-statement' : null,
    'requires-downtime': metadata.requiresDowntime ? 'true' : null,
    'affected-tables': metadata.affectedTables.join(', ') || null,
    'reviewed-by': metadata.reviewedBy.join(', ') || null,
    ...Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, list.join(', ') || null])),
  };
  return [
    ...Object.entries(words).flatMap(([key, value]) => (value === null ? [] : [comment(`${key}: ${value}`)])),
    ...(metadata.repeatable ? ['-- repeatable'] : []),
  ];
}

import { hash } from 'node:crypto';
import { tokenText, tokenTextVersion } from '../sql/token-text.js';
import type { Metadata } from './metadata.js';
import type { Script, SqlScript } from './migration.js';

/** What a token checksum is made of. */
export interface ChecksumParts {
  readonly metadata: Pick<
    Metadata,
    'transaction' | 'transactionDown' | 'environments' | 'depends' | 'repeatable'
  >;
  readonly up: Script;
  readonly down: Script | null;
  readonly validateBefore: SqlScript | null;
  readonly validateAfter: SqlScript | null;
  /** The raw checksum, which code migrations carry instead. */
  readonly checksum: string;
}

/**
 * `v1:<up and validation>:<down, or nothing>`: the same for two texts that differ in comments, blank space between
 * tokens and line ends only. Directives that change what runs, and where, count; those for people do not. A migration
 * with code in it carries its raw checksum, because nothing less than every byte says what code does.
 */
export function tokenChecksumOf(parts: ChecksumParts): string {
  const { metadata, up, down, validateBefore, validateAfter } = parts;
  if (up.kind === 'code' || down?.kind === 'code') return parts.checksum;
  if (transforms(up) || transforms(down)) return parts.checksum;
  const upText = [
    `transaction ${metadata.transaction}`,
    `environments ${metadata.environments.toSorted().join(',')}`,
    `depends ${metadata.depends.toSorted().join(',')}`,
    `repeatable ${metadata.repeatable}`,
    tokens(validateBefore),
    tokens(up),
    tokens(validateAfter),
  ];
  const downText = [`transaction ${metadata.transactionDown ?? metadata.transaction}`, tokens(down)];
  return `${tokenTextVersion}:${digest(upText)}:${down === null ? '' : digest(downText)}`;
}

/**
 * Whether a migration still says what was recorded: true, false, or null where the record was made by another version
 * of the lexer and cannot be compared.
 */
export function matchesTokenChecksum(recorded: string, current: string): boolean | null {
  if (recorded === current) return true;
  const lexerOf = (checksum: string) => /^v\d+:/.exec(checksum)?.[0];
  const recordedBy = lexerOf(recorded);
  return recordedBy === undefined || recordedBy === lexerOf(current) ? false : null;
}

/** The transform of a backfill is code, too. */
function transforms(script: SqlScript | null): boolean {
  return [...(script?.backfills?.values() ?? [])].some(({ transform }) => transform !== null);
}

function tokens(script: SqlScript | null): string {
  if (script === null) return '';
  const text = tokenText(script.text, script.statements);
  return script.backfills === undefined ? text : `${text}${batched(script)}`;
}

/** What runs in batches, and by which key; the pace is no part of what a migration does. */
function batched({ statements, backfills }: SqlScript): string {
  return statements
    .map((statement, index) => ({ index, backfill: backfills?.get(statement) }))
    .filter(({ backfill }) => backfill !== undefined)
    .map(({ index, backfill }) => `backfill ${index} ${backfill?.settings.key?.join(',') ?? ''}\n`)
    .join('');
}

// No token text holds a NUL, so the parts cannot run into each other.
function digest(parts: readonly string[]): string {
  return hash('sha256', parts.join('\0'), 'hex');
}

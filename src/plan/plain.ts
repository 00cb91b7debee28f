import type { Script } from '../migration/migration.js';
import type { StatementTraits } from '../sql/statement.js';

/** Statements that change the catalog, at once, and nothing else. */
const plainLabels: ReadonlySet<string> = new Set([
  'COMMENT',
  'CREATE SEQUENCE',
  'CREATE TABLE',
  'CREATE TYPE',
  'CREATE VIEW',
  'DROP FUNCTION',
  'DROP INDEX',
  'DROP SEQUENCE',
  'DROP TABLE',
  'DROP TYPE',
  'DROP VIEW',
]);

const longestPlainText = 1_000_000;

/**
 * Whether a script can neither change the session (no role, setting, temporary object or user's function is in reach
 * of its statements) nor take long: it makes and removes objects, and indexes only tables that it made itself.
 * CREATE INDEX runs functions of an expression under security restrictions that undo every setting (manual, "CREATE
 * INDEX", Notes), and here on an empty table.
 */
export function isPlain(script: Script): boolean {
  if (script.kind === 'code' || script.text.length > longestPlainText) return false;
  const seen = new PlainSoFar();
  for (const { traits, copyData } of script.statements) {
    if (copyData !== null || !seen.takes(traits)) return false;
  }
  return true;
}

/** The same for statements that become known one after the other. */
export class PlainSoFar {
  readonly #made = new Set<string>();

  /** Whether the next statement is plain behind those before it. */
  takes(traits: StatementTraits): boolean {
    if (!isPlainStatement(traits, this.#made)) return false;
    if (traits.label === 'CREATE TABLE' && traits.relation !== null) this.#made.add(traits.relation);
    return true;
  }
}

function isPlainStatement(traits: StatementTraits, made: ReadonlySet<string>): boolean {
  if (traits.sessionState !== null || traits.transactionState !== null || traits.control !== null)
    return false;
  if (traits.inTransaction !== 'yes' || !traits.certain || traits.commitAfter) return false;
  // CREATE TABLE AS runs a query, and any function in it.
  if (traits.optimizable || traits.refused !== null) return false;
  if (traits.label === 'CREATE INDEX') return traits.relation !== null && made.has(traits.relation);
  return plainLabels.has(traits.label);
}

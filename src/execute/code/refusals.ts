import { LockkeeperError } from '../../core/errors.js';
import type { StatementTraits } from '../../sql/statement.js';
import { refusalOf } from '../../sql/refusal.js';
import type { Piece } from './pieces.js';

/** @throws {SQL_REFUSED} for what can never work. {SESSION_COMMAND_REFUSED} for what would break the session that keeps the lock. */
export function assertAllowed(traits: StatementTraits): void {
  if (traits.refused === null) return;
  const { code, hint } = refusalOf(traits.refused);
  throw new LockkeeperError(code, { message: `${traits.label} is refused: ${traits.refused}`, hint });
}

/** A split would end the savepoint, and with it what the function counts on. */
export function doesNotSplit(label: string, savepoint: string): LockkeeperError {
  return new LockkeeperError('SPLIT_LOSES_STATE', {
    message: `${label} cannot run in a transaction, and ${savepoint} is open, which a commit would end. It was not sent.`,
    hint: "Release it first, or put the statement into a migration of its own. With transaction: 'none' there is no transaction of the run.",
  });
}

export function stateIsLost(
  label: string,
  { what, line }: { readonly what: string; readonly line: number | null },
): LockkeeperError {
  return new LockkeeperError('SPLIT_LOSES_STATE', {
    message: `${label} cannot run in a transaction, so what came before it would be committed; and ${what}${line === null ? '' : ` of line ${line}`} ends with its transaction. It was not sent.`,
    hint: 'Put the statement before it, or into a migration of its own.',
  });
}

/** A cursor or a COPY stream talks to the server by itself, so nothing can be put in its place. */
export function notForStreams(pieces: readonly Piece[]): LockkeeperError {
  const label = pieces.map(({ traits }) => traits.label).join('; ');
  return new LockkeeperError('TRANSACTION_CONTROL_REFUSED', {
    message: `${label} is refused as the text of a cursor or a stream.`,
    hint: 'Send it by query() or exec().',
  });
}

import { sha256 } from '../../core/hash.js';
import type { AnswerKeeper, AnswerMessage, GuestAnswer, GuestQuery } from '../../pg/index.js';
import type { StatementTraits } from '../../sql/statement.js';
import type { Call } from './failure.js';
import type { Piece } from './pieces.js';

/** A query of the function's on its way to the server. */
export interface Outgoing {
  readonly query: GuestQuery;
  readonly pieces: readonly Piece[];
  readonly call: Call;
}

/** What goes to the server in one message. */
export interface Unit {
  readonly text: string;
  readonly traits: readonly StatementTraits[];
  readonly query: GuestQuery;
  readonly call: Call;
  /** Where the answer is kept. */
  readonly keeper: AnswerKeeper;
}

/** What the conversation with the function hands its queries to. */
export interface Sender {
  /** Sends a query; whoever asked gets the rows, and an error stays with the answer. */
  send(outgoing: Outgoing): Promise<GuestAnswer>;
  /** Does something with the session that is more than one query: a load of rows. */
  work<Value>(call: Call, work: Work<Value>): Promise<Value>;
}

/** Work that can say what it sends, as SQL with its parameters, where somebody collects it. */
export type Work<Value> = (onText?: (text: string, values: readonly unknown[]) => void) => Promise<Value>;

/** One statement that a function sent, as the journal keeps it. */
export interface SentStatement {
  /** Its text, cut to what people want to see. */
  readonly text: string;
  /** sha256 of text and parameters; null where they cannot be told, as those of a load of rows. */
  readonly hash: string | null;
  /** Line of the call in the file of the migration; null where it is not on the stack. */
  readonly line: number | null;
  /** `set`: it set something for the session, so a later session needs it again · `lost`: what it left cannot be brought back. */
  readonly session: 'set' | 'lost' | null;
  /** What the server answered; null where that was not kept. */
  readonly answer: readonly AnswerMessage[] | null;
}

const longestText = 2000;

export function sentStatement(
  what: { readonly text: string; readonly values: readonly unknown[] | undefined },
  about: {
    readonly call: Call;
    readonly traits: readonly StatementTraits[];
    readonly answer: readonly AnswerMessage[] | null;
  },
): SentStatement {
  const states = about.traits.map(({ sessionState, readsSequenceState }) =>
    readsSequenceState ? 'prepare' : sessionState,
  );
  const lost = states.some((state) => state === 'temp' || state === 'prepare');
  return {
    text: shorten(what.text),
    hash: statementHash(what.text, what.values),
    get line() {
      return about.call.place?.line ?? null;
    },
    session: lost ? 'lost' : states.includes('set') ? 'set' : null,
    answer: about.answer,
  };
}

export const shorten = (text: string): string =>
  text.length > longestText ? `${text.slice(0, longestText)} …` : text;

/** The same for the same text with the same parameters; null where a parameter has no JSON. */
export function statementHash(text: string, values: readonly unknown[] | undefined): string | null {
  try {
    const parameters = JSON.stringify(values ?? [], (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
    return sha256(`${text}\0${parameters}`);
  } catch {
    return null; // a circular object: the driver refuses it, too
  }
}

/** A statement that runs alone, behind the commit for it. */
export type NextStatement = Pick<SentStatement, 'text' | 'hash' | 'line'> & { readonly tag: string };

/** What a transaction of a function held when it was committed before the function had ended. */
export interface CommittedPiece {
  readonly kind: 'code-piece';
  readonly pid: number;
  readonly backendStart: string;
  readonly statements: readonly SentStatement[];
  /**
   * The statement for which it was committed, in full: it runs outside of any transaction, in the step behind. Null where
   * a new value of an enum had to be committed.
   */
  readonly next: NextStatement | null;
}

export function isCommittedPiece(preState: unknown): preState is CommittedPiece {
  return (preState as CommittedPiece | null)?.kind === 'code-piece';
}

/** `migrations/2_x.ts:7  create table …`, one a line; at most `most`, the last ones. */
export function listStatements(
  statements: readonly Pick<SentStatement, 'text' | 'line'>[],
  file: string,
  most = 20,
): string {
  const shown = statements.slice(-most).map(({ text, line }) => {
    const first = text.trim().replace(/\s+/g, ' ').slice(0, 100);
    return `  ${file}${line === null ? '' : `:${line}`}  ${first}`;
  });
  const left = statements.length - shown.length;
  return [...(left > 0 ? [`  … ${left} before`] : []), ...shown].join('\n');
}

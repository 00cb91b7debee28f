/** One top-level statement of a script, as our lexer found it. Offsets are UTF-16 units into the script's text. */
export interface Statement {
  /**
   * First character of the statement proper: after blanks and comments that stand before it. Planner hints
   * directly before it (a comment that begins with a plus sign) belong to it, since they change what it does.
   */
  readonly start: number;
  /** One past its last character; the `;` is not part of it. */
  readonly end: number;
  /** Line of `start`, counted from 1 within the script. */
  readonly line: number;
  /** The COPY data block that follows it (first character of data, one past the last newline before `\.`). */
  readonly copyData: { readonly start: number; readonly end: number } | null;
  readonly traits: StatementTraits;
}

/** What a statement means for transactions and for the session. Decided by `sql/classify/`. */
export interface StatementTraits {
  /** Short upper-case name for people and the journal: `CREATE TABLE`, `CREATE INDEX CONCURRENTLY`, `COMMIT`. */
  readonly label: string;
  /**
   * `yes`: may share a transaction · `no`: 25001 inside one, so it travels alone · `relkind`: `no` only when
   * `relation` is partitioned (REINDEX TABLE/INDEX, CLUSTER t) · `opaque`: CALL and DO, which run in the
   * transaction and may still answer 2D000.
   */
  readonly inTransaction: 'yes' | 'no' | 'relkind' | 'opaque';
  /** Transaction command, or null. `savepoint` covers SAVEPOINT, RELEASE and ROLLBACK TO, which stay as they are. */
  readonly control:
    | 'begin'
    | 'commit'
    | 'rollback'
    | 'chain'
    | 'prepare'
    | 'commit-prepared'
    | 'set-transaction'
    | 'savepoint'
    | null;
  /** For `begin` and `set-transaction`: the options to move into our own BEGIN, e.g. `ISOLATION LEVEL SERIALIZABLE`. */
  readonly transactionOptions: string | null;
  /** Needs a commit after it before anything else: `ALTER TYPE … ADD VALUE`. */
  readonly commitAfter: boolean;
  /** Must not share the transaction of an earlier NOT VALID: `VALIDATE CONSTRAINT`. */
  readonly validates: boolean;
  readonly addsNotValid: boolean;
  /** State that ends with the transaction, e.g. `SET LOCAL`, `LOCK`, `DECLARE`; null when it opens none. */
  readonly transactionState: string | null;
  /** State that lives on in the session: replayed on resume (`set`), or lost on resume (`temp`, `prepare`). */
  readonly sessionState: 'set' | 'temp' | 'prepare' | null;
  /** Refused, with the reason for people: DISCARD ALL, pg_advisory_unlock_all(), standard_conforming_strings off. */
  readonly refused: string | null;
  /** Sets lock_timeout or statement_timeout itself. */
  readonly setsTimeout: boolean;
  /** Waits for older snapshots, so it runs under a deadline and lock_timeout 0. */
  readonly waitsForSnapshots: boolean;
  /** Relation it names first, as written, for `relkind`, recovery and messages. */
  readonly relation: string | null;
  /** Object it creates or drops, as `kind name` in folded form, e.g. `table public.users`; for create-then-drop. */
  readonly creates: string | null;
  readonly drops: string | null;
  /** Analysed by the server at Parse (SELECT, INSERT …), so only a local parser can judge its syntax beforehand. */
  readonly optimizable: boolean;
  /** Calls currval() or lastval(), and so depends on an earlier nextval() of the same session. */
  readonly readsSequenceState: boolean;
  /** False where the lexer had to guess (an unknown command, a body with BEGIN ATOMIC): ask the real parser. */
  readonly certain: boolean;
}

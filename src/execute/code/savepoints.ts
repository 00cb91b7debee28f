import { LockkeeperError } from '../../core/errors.js';
import { quoteIdent } from '../../sql/quote.js';
import { type Piece, savepointName } from './pieces.js';

interface Savepoint {
  readonly name: string;
  /** It stands for a BEGIN of the function's. */
  readonly ours: boolean;
}

/** What is sent in the place of a transaction command, and what it is answered by. */
export interface Mapped {
  readonly sql: string;
  readonly tag: string;
  /** Called when the server has done it. */
  readonly done: () => void;
}

/** Modes that a transaction has anyhow. */
const harmlessModes = /^(?:(?:ISOLATION LEVEL READ COMMITTED|READ WRITE|NOT DEFERRABLE)(?:, ?| |$))+$/;

/**
 * The savepoints that are open in a function's transaction. Libraries begin and commit transactions of their own; the
 * transaction is the run's, so theirs become savepoints of it (ENGINE D19).
 */
export class Savepoints {
  #open: readonly Savepoint[] = [];
  #made = 0;

  get depth(): number {
    return this.#open.length;
  }

  /** Name of the innermost one, for messages; a BEGIN is called so. */
  get innermost(): string | null {
    const savepoint = this.#open.at(-1);
    if (savepoint === undefined) return null;
    return savepoint.ours ? 'a transaction of the function (BEGIN)' : `savepoint ${savepoint.name}`;
  }

  /** Makes the open ones again, in a transaction that has begun anew. */
  get again(): string {
    return this.#open.map(({ name }) => `savepoint ${quoteIdent(name)}`).join('; ');
  }

  /** SAVEPOINT, RELEASE and ROLLBACK TO of the function are sent as they are. */
  follow(piece: Piece): () => void {
    const name = savepointName(piece);
    if (piece.traits.label === 'SAVEPOINT')
      return () => void (this.#open = [...this.#open, { name, ours: false }]);
    const index = this.#open.findLastIndex((savepoint) => savepoint.name === name);
    const keep = piece.traits.label === 'RELEASE SAVEPOINT' ? index : index + 1;
    return () => void (this.#open = index < 0 ? this.#open : this.#open.slice(0, keep));
  }

  /** @throws {TRANSACTION_CONTROL_REFUSED} for what no savepoint can stand for. */
  map({ traits }: Piece, transactionFailed: boolean): Mapped {
    switch (traits.control) {
      case 'begin':
        return this.#begin(traits.label, traits.transactionOptions);
      case 'commit':
        return transactionFailed ? this.#back(traits.label) : this.#commit(traits.label);
      case 'rollback':
        return this.#back(traits.label);
      default:
        throw refused(traits.label, 'It cannot be done inside another transaction.');
    }
  }

  #begin(label: string, modes: string | null): Mapped {
    if (modes !== null && !harmlessModes.test(modes))
      throw refused(`${label} ${modes}`, 'The transaction of the run has begun already, in its own mode.');
    const name = `lockkeeper_${this.#made + 1}`;
    return {
      sql: `savepoint ${name}`,
      tag: label,
      done: () => {
        this.#made += 1;
        this.#open = [...this.#open, { name, ours: true }];
      },
    };
  }

  #commit(label: string): Mapped {
    const index = this.#outermostOf(label);
    return {
      sql: `release savepoint ${quoteIdent(this.#open[index]?.name ?? '')}`,
      tag: 'COMMIT',
      done: () => void (this.#open = this.#open.slice(0, index)),
    };
  }

  /** Also what COMMIT comes to where a statement had failed: PostgreSQL answers it by ROLLBACK. */
  #back(label: string): Mapped {
    const index = this.#outermostOf(label);
    const name = quoteIdent(this.#open[index]?.name ?? '');
    return {
      sql: `rollback to savepoint ${name}; release savepoint ${name}`,
      tag: 'ROLLBACK',
      done: () => void (this.#open = this.#open.slice(0, index)),
    };
  }

  /** The BEGIN that it belongs to; savepoints inside go with it. */
  #outermostOf(label: string): number {
    const index = this.#open.findLastIndex(({ ours }) => ours);
    if (index < 0)
      throw refused(label, 'The transaction belongs to the run, which ends it behind the function.');
    return index;
  }
}

function refused(what: string, why: string): LockkeeperError {
  return new LockkeeperError('TRANSACTION_CONTROL_REFUSED', {
    message: `${what} is refused in a code migration. ${why}`,
    hint: "Leave it out. A BEGIN of the function's own becomes a savepoint, and its COMMIT or ROLLBACK ends that; with transaction: 'none' there is no other transaction than those of the function.",
  });
}

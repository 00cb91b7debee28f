import { LockkeeperError } from '../../core/errors.js';
import type { AnswerMessage } from '../../pg/index.js';
import { listStatements, type SentStatement, shorten, statementHash } from './sent.js';

/** What a function sent in an interrupted run and what was committed of it, in order. */
export interface Committed {
  readonly statements: readonly SentStatement[];
  /** Number of the first step that is not completed. */
  readonly nextStep: number;
  readonly version: string;
  /** Path as shown to people. */
  readonly file: string;
}

/**
 * Answers a function that is called again after an interrupted run from what that run was answered, as long as it
 * asks for exactly the same. What is committed is never sent a second time (ENGINE D19).
 */
export class Replay {
  readonly #committed: Committed;
  #told = 0;

  constructor(committed: Committed) {
    this.#committed = committed;
  }

  /** Everything that is committed has been told. */
  get isOver(): boolean {
    return this.#told === this.#committed.statements.length;
  }

  /** The answer to the next statement; with `again` it has to be sent all the same, because it set the session. @throws {RECOVERY_CHANGED} */
  take(
    text: string,
    values: readonly unknown[] | undefined,
  ): { readonly answer: readonly AnswerMessage[]; readonly again: boolean } {
    const due = this.#committed.statements[this.#told];
    const hash = statementHash(text, values);
    if (due === undefined || due.answer === null || due.hash === null || due.hash !== hash)
      throw this.#differs(text, due);
    this.#told += 1;
    return { answer: due.answer, again: due.session === 'set' };
  }

  /** The function has ended. @throws {RECOVERY_CHANGED} where it sent less than what is committed. */
  assertOver(): void {
    if (!this.isOver) throw this.#differs(null, this.#committed.statements[this.#told]);
  }

  #differs(text: string | null, due: SentStatement | undefined): LockkeeperError {
    const { statements, version, file } = this.#committed;
    const now = text === null ? 'has ended' : `sends: ${firstLine(text)}`;
    const was = due === undefined ? 'nothing more' : `${firstLine(due.text)}${parametersOf(text, due)}`;
    return new LockkeeperError('RECOVERY_CHANGED', {
      message: `Migration ${version} was interrupted behind a commit, and its function takes another way now: in place of statement ${this.#told + 1} (${was}) it ${now}. Nothing was sent. Committed is:\n${listStatements(statements, file)}`,
      hint: `Let the function send the same again, and the rest follows; or finish it by hand and run lockkeeper mark ${version} --applied --why "…"; or undo what is listed and mark it --pending.`,
      details: { version, statement: this.#told + 1 },
    });
  }
}

const firstLine = (text: string): string => shorten(text).trim().replace(/\s+/g, ' ').slice(0, 100);

function parametersOf(text: string | null, due: SentStatement): string {
  return text !== null && shorten(text) === due.text ? ', with other parameters' : '';
}

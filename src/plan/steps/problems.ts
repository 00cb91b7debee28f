import type { ErrorCode } from '../../core/error-catalogue.js';
import type { LockkeeperError } from '../../core/errors.js';
import type { SqlScript } from '../../migration/migration.js';
import { inFile, problemAt } from '../../sql/position.js';
import type { Statement } from '../../sql/statement.js';

/** Collects what is wrong with one script, each problem at its place in the file. */
export class ScriptProblems {
  readonly list: LockkeeperError[] = [];
  readonly #script: SqlScript;

  constructor(script: SqlScript) {
    this.#script = script;
  }

  add(code: ErrorCode, at: Statement, words: { readonly message: string; readonly hint: string }): void {
    const { text, file, lineOffset } = this.#script;
    const problem = problemAt(code, text, {
      ...words,
      offset: at.start,
      length: at.end - at.start,
      details: { statement: at.traits.label },
    });
    this.list.push(inFile(problem, file, lineOffset));
  }

  /** `SET LOCAL search_path on line 12`, counted in the file. */
  place(statement: Statement, what = statement.traits.label): string {
    return `${what} on line ${statement.line + this.#script.lineOffset}`;
  }
}

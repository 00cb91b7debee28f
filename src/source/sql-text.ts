import type { LockkeeperError } from '../core/errors.js';
import type { SqlScript } from '../migration/migration.js';
import { inFile } from '../sql/position.js';
import { lexScript } from '../sql/script.js';

/** A text of SQL and where it stands in a file. */
export interface PlacedText {
  readonly text: string;
  /** Path as shown to people. */
  readonly file: string;
  /** Lines of that file before the first line of `text`. */
  readonly lineOffset: number;
}

/** Cuts a text into statements; `script` is null where it holds none. */
export function sqlScriptOf({ text, file, lineOffset }: PlacedText): {
  readonly script: SqlScript | null;
  readonly problems: readonly LockkeeperError[];
} {
  const { statements, problems } = lexScript(text);
  return {
    script: statements.length === 0 ? null : { kind: 'sql', text, statements, file, lineOffset },
    problems: problems.map((problem) => inFile(problem, file, lineOffset)),
  };
}

/** A script that does nothing, for a migration whose file says that there is nothing to do. */
export const emptySql = (file: string): SqlScript => ({
  kind: 'sql',
  text: '',
  statements: [],
  file,
  lineOffset: 0,
});

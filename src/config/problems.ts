import { LockkeeperError, type ErrorInit } from '../core/errors.js';

/** Mistakes found so far. All are looked for before any is reported, so that one run shows them all. */
export type Problems = LockkeeperError[];

/** One mistake in the configuration. */
export function problem(init: ErrorInit): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', init);
}

/** Throws what was found: a single mistake as itself, several as one error that lists them. */
export function throwProblems(problems: Problems, file: string | null): void {
  const [first] = problems;
  if (first === undefined) return;
  if (problems.length === 1) throw first;
  const where = file === null ? 'The configuration' : `The configuration (${file} and what goes with it)`;
  throw problem({
    message: `${where} has ${problems.length} problems.`,
    hint: 'Mend each of them and run the command again.',
    problems,
  });
}

import { expect, it } from 'vitest';
import { throwProblems } from '../../src/app/migrations.js';
import { LockkeeperError } from '../../src/core/errors.js';

const problem = (message: string, place: readonly [string, number, number] | null): LockkeeperError =>
  new LockkeeperError('SQL_SYNTAX', {
    message,
    ...(place === null ? {} : { location: { file: place[0], line: place[1], column: place[2] } }),
  });

it('lists problems by file and line, in the order in which a person counts, whatever found them first', () => {
  const problems = [
    problem('f', ['migrations/10_b.sql', 1, 1]),
    problem('d', ['migrations/2_a.sql', 9, 5]),
    problem('a', null),
    problem('e', ['migrations/2_a.sql', 10, 1]),
    problem('c', ['migrations/2_a.sql', 9, 1]),
    problem('b', null),
  ];
  const thrown = (): unknown => {
    try {
      throwProblems(problems);
    } catch (error) {
      return error;
    }
    return null;
  };
  const listed = (thrown() as LockkeeperError).problems.map(({ message }) => message);
  expect(listed).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

/** The exit statuses of the command line, in a sentence each. */
export const exitCodes = [
  [0, 'Done.'],
  [1, 'The answer is no: pending migrations with `--check`, a failed `verify`.'],
  [2, 'Wrong usage, configuration or migration files.'],
  [3, 'The database refused, or a migration failed.'],
  [4, 'Another run holds the lock.'],
  [5, 'Refused by policy or protection.'],
  [130, 'Interrupted.'],
];

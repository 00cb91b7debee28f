import type { Command } from '../command.js';
import { dryRunFlag, formatFlag, runFlags, selectFlags, stepsFlag } from '../flags.js';

/** What a developer types every day. */
export const everyday: readonly Command[] = [
  {
    name: 'up',
    group: 'everyday',
    summary: 'Apply pending migrations',
    about:
      'Applies what is pending, in order. Everything is read and checked before the first statement is sent. ' +
      'Ctrl-C ends after the running step; a second one cancels its statement and rolls it back.',
    arguments: [],
    flags: [
      ...selectFlags('Up to and including'),
      {
        name: 'tags',
        type: 'list',
        split: true,
        value: 'a,b',
        summary: 'Those that carry one of these tags',
      },
      dryRunFlag,
      { name: 'single-transaction', type: 'boolean', summary: 'All of them or none' },
      ...runFlags,
    ],
    exclusive: [['to', 'steps', 'only']],
    runs: true,
    examples: [
      { line: 'up', does: 'Apply everything that is pending' },
      { line: 'up --to 1.4.0 --dry-run', does: 'Show the SQL up to release 1.4.0' },
      { line: 'up --env production --lock-wait 5m', does: 'Let another run end first' },
    ],
  },
  {
    name: 'down',
    group: 'everyday',
    summary: 'Undo the last migration, or more',
    about: 'Undoes one migration unless told otherwise, the last applied first.',
    arguments: [],
    flags: [
      ...selectFlags('Down to, and keeping,'),
      { name: 'batch', type: 'boolean', summary: 'All that the last run applied' },
      { name: 'all', type: 'boolean', summary: 'All there is' },
      dryRunFlag,
      ...runFlags,
    ],
    exclusive: [['to', 'steps', 'only', 'batch', 'all']],
    dangerous: true,
    runs: true,
    examples: [
      { line: 'down', does: 'Undo the last migration' },
      { line: 'down --batch --dry-run', does: 'Show the SQL that would undo the last run' },
    ],
  },
  {
    name: 'status',
    group: 'everyday',
    summary: 'Show what is applied and what is pending',
    arguments: [],
    flags: [
      { name: 'check', type: 'boolean', summary: 'Exit with 1 unless everything is applied and unchanged' },
    ],
    examples: [
      { line: 'status', does: 'Show applied and pending migrations' },
      { line: 'status --check --env production', does: 'Let a pipeline stop when something is pending' },
    ],
  },
  {
    name: 'new',
    group: 'everyday',
    summary: 'Write a new migration file',
    arguments: [{ name: 'name', required: true, summary: 'What it does, e.g. create_users' }],
    flags: [
      formatFlag,
      {
        name: 'template',
        type: 'string',
        value: 'name',
        suggestions: ['create-table', 'alter-table', 'create-index', 'raw', 'empty'],
        summary: 'create-table, alter-table, create-index, raw, empty, or one of your own',
      },
      { name: 'table', type: 'string', value: 'table', summary: 'Table it is about' },
      {
        name: 'column',
        type: 'list',
        value: 'spec',
        summary: 'name:type[:notnull][:unique][:default=…][:references=table.column]; repeatable',
      },
    ],
    examples: [
      {
        line: 'new create_users --column email:text:notnull:unique',
        does: 'A table with key, email and times',
      },
      { line: 'new backfill_names --format ts --template empty', does: 'An empty TypeScript migration' },
    ],
  },
  {
    name: 'redo',
    group: 'everyday',
    summary: 'Undo the last migration and apply it again',
    arguments: [],
    flags: [stepsFlag, ...runFlags],
    dangerous: true,
    runs: true,
    examples: [
      { line: 'redo', does: 'Undo and apply the last migration' },
      { line: 'redo --steps 3', does: 'The last three' },
    ],
  },
];

import type { Command } from '../command.js';

/** What looks and changes nothing. */
export const inspect: readonly Command[] = [
  {
    name: 'verify',
    group: 'inspect',
    summary: 'Check files, order and checksums',
    about: 'Exits with 1 when something is wrong. Nothing is run.',
    arguments: [],
    flags: [],
    examples: [
      { line: 'verify', does: 'Check every migration' },
      { line: 'verify --json', does: 'The same for a program' },
    ],
  },
  {
    name: 'history',
    group: 'inspect',
    summary: 'Show the journal: what was attempted, when, by whom',
    arguments: [],
    flags: [{ name: 'limit', type: 'number', value: 'n', summary: 'The last n entries, instead of 50' }],
    examples: [
      { line: 'history', does: 'The latest entries' },
      { line: 'history --limit 100 --verbose', does: 'More of them, with whole errors' },
    ],
  },
  {
    name: 'config',
    group: 'inspect',
    summary: 'Show the configuration in force',
    arguments: [],
    flags: [
      { name: 'explain', type: 'boolean', summary: 'Say where each value comes from and what it overrides' },
    ],
    examples: [
      { line: 'config', does: 'Show every value' },
      { line: 'config --explain --env production', does: 'Show where the values for production come from' },
    ],
  },
  {
    name: 'doctor',
    group: 'inspect',
    summary: 'Check that this machine and the database are ready',
    arguments: [],
    flags: [],
    examples: [
      { line: 'doctor', does: 'Check everything' },
      { line: 'doctor --env staging', does: 'Check against the staging database' },
    ],
  },
];

import type { Command } from '../command.js';

/** The embedded PostgreSQL. */
export const server: readonly Command[] = [
  {
    name: 'db',
    group: 'server',
    summary: 'Start, stop or find the embedded PostgreSQL',
    about:
      'A real PostgreSQL under .lockkeeper/, for projects that have no server. Verbs start it by themselves.',
    arguments: [
      {
        name: 'action',
        required: true,
        choices: ['start', 'stop', 'status', 'url'],
        summary: 'start, stop, status or url',
      },
    ],
    flags: [],
    examples: [
      { line: 'db start', does: 'Start it and leave it running' },
      { line: 'db url', does: 'Print its address, for psql or an app' },
    ],
  },
];

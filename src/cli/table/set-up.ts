import type { Command } from '../command.js';
import { formatFlag, runFlags, whyFlag } from '../flags.js';

/** What begins a project, or begins it again. */
export const setUp: readonly Command[] = [
  {
    name: 'init',
    group: 'set-up',
    summary: 'Set up a project in this folder',
    about: 'Files that exist are left alone.',
    arguments: [],
    flags: [
      formatFlag,
      { name: 'ci', type: 'boolean', summary: 'Also write a GitHub Actions workflow' },
      { name: 'agents', type: 'boolean', summary: 'Also add a section to CLAUDE.md and AGENTS.md' },
      { name: 'no-scripts', type: 'boolean', summary: 'Leave package.json alone' },
    ],
    examples: [
      { line: 'init', does: 'A configuration file, a migrations folder, npm scripts' },
      { line: 'init --format ts --ci', does: 'With TypeScript migrations and a workflow' },
    ],
  },
  {
    name: 'setup',
    group: 'set-up',
    summary: 'Bring a new database to the newest level',
    arguments: [],
    flags: runFlags,
    runs: true,
    examples: [
      { line: 'setup', does: 'Prepare the development database' },
      { line: 'setup --env test', does: 'Prepare the test database' },
    ],
  },
  {
    name: 'reset',
    group: 'set-up',
    summary: 'Undo everything and apply it again',
    about: 'Refused in protected environments.',
    arguments: [],
    flags: runFlags,
    dangerous: true,
    runs: true,
    examples: [
      { line: 'reset', does: 'Go down and up again' },
      { line: 'reset --yes --env test', does: 'Without a question, in a pipeline' },
    ],
  },
  {
    name: 'fresh',
    group: 'set-up',
    summary: 'Drop everything and apply all migrations',
    about: 'Refused in protected environments. What belongs to an extension is kept.',
    arguments: [],
    flags: runFlags,
    dangerous: true,
    runs: true,
    examples: [
      { line: 'fresh', does: 'Begin again with an empty database' },
      { line: 'fresh --yes --env test', does: 'Without a question, in a pipeline' },
    ],
  },
  {
    name: 'backfill',
    group: 'set-up',
    summary: 'Show, pause or resume changes that run in batches',
    about:
      'A paused backfill ends after its batch, and its run with it (exit status 1). resume lets the next up go on. ' +
      'forget drops the old values that a finished one has kept.',
    arguments: [
      {
        name: 'action',
        required: true,
        choices: ['status', 'pause', 'resume', 'forget'],
        summary: 'status, pause, resume or forget',
      },
      { name: 'migration', required: false, summary: 'Version; all of them when left out' },
    ],
    flags: [],
    dangerous: true,
    examples: [
      { line: 'backfill status', does: 'How far each has come' },
      { line: 'backfill pause 0042', does: 'Let it end after its batch' },
      { line: 'backfill resume 0042', does: 'Let the next up go on' },
    ],
  },
  {
    name: 'adopt',
    group: 'set-up',
    summary: 'Take over the history of another tool',
    about:
      'Shows what the tool has applied, and asks before it writes. Nothing of the schema or of the other history is ' +
      'touched. With --baseline, a database without any history gets a first migration made of its present schema.',
    arguments: [{ name: 'format', required: false, summary: 'knex, prisma, flyway …; all when left out' }],
    flags: [
      { name: 'dry-run', type: 'boolean', summary: 'Show it, and write nothing' },
      { name: 'forget', type: 'boolean', summary: 'Take back what was taken over' },
      { name: 'baseline', type: 'boolean', summary: 'Begin a history for the schema that is there' },
    ],
    exclusive: [['forget', 'baseline']],
    dangerous: true,
    examples: [
      { line: 'adopt', does: 'Take over what the other tool has applied' },
      { line: 'adopt --baseline', does: 'Make a first migration of the present schema' },
      { line: 'adopt knex --forget', does: 'As if it had never been taken over' },
    ],
  },
  {
    name: 'convert',
    group: 'set-up',
    summary: 'Write native SQL from code, or from another tool',
    about:
      'Functions are run on a database that is thrown away, and what they send is written down, up and down. Where all ' +
      'migrations are converted, their history is carried over, so that the other tool can be removed.',
    arguments: [
      { name: 'versions', required: false, summary: 'Only these, with commas between; all when left out' },
    ],
    flags: [
      {
        name: 'to',
        type: 'string',
        value: 'folder',
        complete: 'directory',
        summary: 'Folder of the new files (default: migrations)',
      },
      { name: 'dry-run', type: 'boolean', summary: 'Show the files, and write nothing' },
    ],
    dangerous: true,
    examples: [
      { line: 'convert --dry-run', does: 'Look at what would be written' },
      { line: 'convert --to db/migrations', does: 'Write the files and carry the history over' },
      { line: 'convert 20240105093000,20240106100000', does: 'Write these two, and leave the history alone' },
    ],
  },
  {
    name: 'tag',
    group: 'set-up',
    summary: "Name the level reached, for '--to'",
    arguments: [{ name: 'name', required: true, summary: 'The tag' }],
    flags: [],
    examples: [
      { line: 'tag before-launch', does: 'Remember this level' },
      { line: 'tag v2 --env production', does: 'In production' },
    ],
  },
  {
    name: 'mark',
    group: 'set-up',
    summary: 'Record a migration as applied or pending without running it',
    arguments: [{ name: 'migration', required: true, summary: 'Version or name' }],
    flags: [
      { name: 'applied', type: 'boolean', summary: 'It is in the database already' },
      { name: 'pending', type: 'boolean', summary: 'It is not in the database any more' },
      whyFlag,
    ],
    exclusive: [['applied', 'pending']],
    dangerous: true,
    examples: [
      { line: 'mark 0007 --applied --why "run by hand on Monday"', does: 'Do not run 0007 again' },
      { line: 'mark add_index --pending --why "index was dropped"', does: 'Let the next up run it' },
    ],
  },
  {
    name: 'repair',
    group: 'set-up',
    summary: 'Accept a changed migration, or settle an interrupted step',
    about:
      'Without --step, the checksum of the file replaces the one that was stored. With it, the journal is told what ' +
      'became of a step that was interrupted, and the next run goes on from there. Nothing is run.',
    arguments: [{ name: 'migration', required: true, summary: 'Version or name' }],
    flags: [
      { name: 'step', type: 'number', value: 'n', summary: 'Settle this interrupted step' },
      { name: 'done', type: 'boolean', summary: 'It took effect' },
      { name: 'again', type: 'boolean', summary: 'It left nothing, or may run again' },
      whyFlag,
    ],
    exclusive: [['done', 'again']],
    dangerous: true,
    examples: [
      { line: 'repair 0007 --why "mended its way back"', does: 'Accept 0007 as it is now' },
      { line: 'repair 0009 --step 2 --done --why "rows are there"', does: 'Go on behind step 2 of 0009' },
    ],
  },
  {
    name: 'lock',
    group: 'set-up',
    summary: 'Show who holds the migration lock, or end that run',
    about:
      'Only one run at a time works on a history. When it hangs, release ends its session on the server, after a ' +
      'question; the next up finds out what became of an interrupted step, and goes on.',
    arguments: [
      { name: 'action', required: true, choices: ['status', 'release'], summary: 'status or release' },
    ],
    flags: [],
    dangerous: true,
    examples: [
      { line: 'lock status', does: 'Who holds it, since when, from where' },
      { line: 'lock release --env production', does: 'End the run that holds it' },
    ],
  },
];

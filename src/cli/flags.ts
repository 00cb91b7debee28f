import type { Flag } from './command.js';

const json: Flag = { name: 'json', type: 'boolean', summary: 'Print the answer as one JSON document' };

/** Accepted by every verb. */
export const commonFlags: readonly Flag[] = [
  {
    name: 'env',
    type: 'string',
    value: 'name',
    suggestions: ['development', 'test', 'staging', 'production'],
    summary: 'Environment to work on',
  },
  {
    name: 'url',
    type: 'string',
    value: 'url',
    suggestions: ['embedded'],
    summary: "Database to work on, or 'embedded'",
  },
  { name: 'config', type: 'string', value: 'file', complete: 'file', summary: 'Configuration file' },
  {
    name: 'cwd',
    short: 'C',
    type: 'string',
    value: 'dir',
    complete: 'directory',
    summary: 'Project folder, instead of the current one',
  },
  {
    name: 'migrations',
    type: 'string',
    value: 'dir',
    complete: 'directory',
    summary: 'Migrations folder',
  },
  json,
  { name: 'quiet', short: 'q', type: 'boolean', summary: 'Say nothing but answers and errors' },
  {
    name: 'verbose',
    short: 'v',
    type: 'boolean',
    summary: 'Say more: every step, whole lists, error traces',
  },
  { name: 'no-color', type: 'boolean', summary: 'No colours' },
];

/** Accepted by every verb, and shown with those that ask. */
export const confirmFlags: readonly Flag[] = [
  { name: 'yes', type: 'boolean', summary: 'Do not ask; protected environments need --confirm' },
  {
    name: 'confirm',
    type: 'string',
    value: 'environment',
    summary: 'Do not ask, also in the protected environment of this name',
  },
];

export const helpFlags: readonly Flag[] = [
  { name: 'help', short: 'h', type: 'boolean', summary: 'Show help' },
  { name: 'version', short: 'V', type: 'boolean', summary: 'Show the version' },
];

/** The budgets of a run, for every verb that sends migrations. */
export const runFlags: readonly Flag[] = [
  {
    name: 'lock-wait',
    type: 'string',
    value: 'time',
    summary: 'How long to wait for another run, e.g. 30s; 0 = not at all',
  },
  {
    name: 'lock-timeout',
    type: 'string',
    value: 'time',
    summary: 'How long a statement may wait for a lock before it is retried',
  },
  {
    name: 'lock-retries',
    type: 'number',
    min: 0,
    value: 'n',
    summary: 'How often a step without its lock is retried',
  },
  {
    name: 'statement-timeout',
    type: 'string',
    value: 'time',
    summary: 'How long a statement may take; 0 = no limit',
  },
  {
    name: 'concurrent-deadline',
    type: 'string',
    value: 'time',
    summary: 'Total time for one CREATE INDEX CONCURRENTLY; 0 = no limit',
  },
  {
    name: 'cancel-blockers-after',
    type: 'string',
    value: 'time',
    summary: 'Cancel sessions that stand in the way for this long, e.g. 10s',
  },
  {
    name: 'no-observer',
    type: 'boolean',
    summary: 'No second connection to see locks and progress',
  },
  {
    name: 'log-format',
    type: 'string',
    value: 'json|text',
    choices: ['json', 'text'],
    summary: 'JSON lines about the run, on stderr instead of the talk',
  },
  {
    name: 'log-file',
    type: 'string',
    value: 'file',
    complete: 'file',
    summary: 'JSON lines about the run, added to this file',
  },
];

const target = 'version, name, release or tag';

export const stepsFlag: Flag = { name: 'steps', type: 'number', value: 'n', summary: 'This many migrations' };
export const dryRunFlag: Flag = {
  name: 'dry-run',
  type: 'boolean',
  summary: 'Print the exact SQL and send nothing',
};
export const whyFlag: Flag = {
  name: 'why',
  type: 'string',
  value: 'text',
  summary: 'The reason, always needed; kept in the journal',
};
export const formatFlag: Flag = {
  name: 'format',
  type: 'string',
  value: 'sql|ts',
  choices: ['sql', 'ts'],
  summary: 'Language of new migrations',
};

/** Which migrations: shared by `up` and `down`, which read `--to` from their own side. */
export const selectFlags = (to: string): readonly Flag[] => [
  { name: 'to', type: 'string', value: 'migration', summary: `${to} this ${target}` },
  stepsFlag,
  { name: 'only', type: 'string', value: 'migration', summary: 'This one alone' },
];

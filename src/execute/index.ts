export { executePlan } from './execute.js';
export { historyRow, transactionParts } from './envelope.js';
export { MigrationFailedError } from './migration-failed-error.js';
export { defaultRun, type RunOptions } from './options.js';
export { buildMessages, ours } from './parts.js';
export type { Run } from './run.js';
export { acquireRunLock } from './run-lock.js';

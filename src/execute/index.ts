export { executePlan } from './execute.js';
export { codeFrame, historyRow, transactionParts, type StepRun } from './envelope.js';
export { MigrationFailedError } from './migration-failed-error.js';
export { defaultRun, type RunOptions } from './options.js';
export { buildMessages } from './parts.js';
export type { Run } from './run.js';
export { acquireRunLock } from './run-lock.js';
export { Watch } from './watch/watch.js';

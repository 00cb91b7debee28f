export { flagBackfill, forgetSaved, readBackfills, readSavedRows, type BackfillRow } from './backfills.js';
export {
  ensureInstalled,
  isInstalled,
  notInstalled,
  readInstallation,
  versionOfBackfills,
  type Installation,
} from './install.js';
export {
  expireLease,
  heartbeat,
  isLive,
  leaseGuard,
  readLease,
  releaseLease,
  renewInside,
  runMark,
  takeLease,
  type Lease,
  type LeaseHolder,
} from './lease.js';
export {
  forgetForeignLock,
  giveUpRow,
  installForeign,
  linkForeign,
  noteForeignLock,
  readForeignLinks,
  readForeignLocks,
  takeOverRow,
  unlinkForeign,
  unlinkSource,
} from './foreign.js';
export {
  claimCall,
  claimUndo,
  completeCodeStep,
  forgetAnswers,
  noteProgress,
  restoreRow,
} from './code-journal.js';
export { moveRow } from './move.js';
export { defaultHistory, type HistoryOptions } from './options.js';
export {
  executeCallClaim,
  executeCallFinish,
  executeCallLink,
  executeClaim,
  executeFinish,
  prepareCalls,
  prepareLinks,
  setMark,
  type Preparation,
} from './prepared.js';
export {
  emptyHistory,
  readHistory,
  readLog,
  readRunOfBackend,
  readStoredDown,
  readTokenChecksums,
  type AppliedMigration,
  type HistoryState,
  type LogEntry,
  type OpenStep,
  type StoredDown,
} from './read.js';
export { companions, historyTables, type HistoryTables } from './tables.js';
export {
  claimApply,
  claimRollback,
  claimStep,
  closeApply,
  closeRollback,
  closeSteps,
  completeStep,
  failStep,
  finishApply,
  forgetClaim,
  leaveStepOpen,
  finishRollback,
  logRow,
  replaceContent,
  tagRow,
  type HistoryRow,
  type JournalAction,
  type JournalStep,
  type MigrationKey,
  type RunStamp,
} from './write.js';

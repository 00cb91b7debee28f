export {
  historyLockKey,
  lockClass,
  readAdvisoryLocks,
  stillLockedSql,
  tryLock,
  type AdvisoryKey,
  type AdvisoryLockId,
} from './advisory-lock.js';
export { hygiene, hygieneStatements, transactionBaseline } from './baseline.js';
export { baselineOf, openSession, type SessionOptions } from './connect.js';
export { openedWithin, withLimit } from './limit.js';
export { callSite, GuestClient, type GuestHost } from './guest-client.js';
export {
  type AnswerKeeper,
  type AnswerMessage,
  type GuestAnswer,
  type GuestQuery,
  type GuestResult,
  isPlainQuery,
  plainQuery,
  sendQuery,
  tellAnswer,
  tellError,
  textOfQuery,
} from './guest-query.js';
export {
  endLockSession,
  endMarkedSessions,
  lockHolder,
  type LockSession,
  readLockSession,
} from './lock-session.js';
export { ConnectionEnded, MessageRefused, type MessageOutcome, type ServerError } from './message.js';
export type { ConnectionOptions, Target, TlsOptions } from './options.js';
export { detectPooling, type Pooling } from './pooler.js';
export { copyRows, upsertRows } from './rows.js';
export { Session, type Row, type ServerNotice, type SessionIdentity, type SessionInfo } from './session.js';
export { sqlstate } from './sqlstate.js';
export { findSyntaxRefusals, syntaxBatch, type SyntaxRefusal } from './syntax.js';

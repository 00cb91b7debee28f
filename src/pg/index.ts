export {
  historyLockKey,
  lockHolder,
  stillLockedSql,
  tryLock,
  unlock,
  type AdvisoryKey,
} from './advisory-lock.js';
export { hygiene, hygieneStatements } from './baseline.js';
export { openSession, type SessionOptions } from './connect.js';
export { ConnectionEnded, MessageRefused, type MessageOutcome, type ServerError } from './message.js';
export type { ConnectionOptions, Target, TlsOptions } from './options.js';
export { detectPooling, type Pooling } from './pooler.js';
export { copyRows, upsertRows } from './rows.js';
export { Session, type Row, type ServerNotice, type SessionIdentity, type SessionInfo } from './session.js';
export { sqlstate } from './sqlstate.js';
export { findSyntaxRefusals, type SyntaxRefusal } from './syntax.js';

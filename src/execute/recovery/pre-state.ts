import type { Session } from '../../pg/index.js';
import { ourRole, type Part } from '../parts.js';
import { sendParts } from '../send-parts.js';
import type { LoneStatement, PreState } from './remedy.js';
import { remedyFor } from './table.js';

/**
 * What the journal keeps of the state before a statement outside of any transaction: who is going to run it, in which
 * database, and what its remedy has to know. Names mean what they mean under the settings of the earlier steps.
 */
export async function capturePreState(
  session: Session,
  lone: LoneStatement,
  replay: readonly Part[],
): Promise<PreState> {
  const identity = await session.identity();
  const remedy = remedyFor(lone.statement.traits.label);
  if (remedy === null) return { kind: 'none', ...identity };
  if (replay.length > 0) await sendParts(session, replay);
  const state = await remedy.capture(session, lone);
  if (replay.length > 0) await sendParts(session, [ourRole]);
  return { kind: remedy.kind, ...identity, ...state };
}

/**
 * Whether a journal row was written in the database at hand. One that came along in a restored or cloned database
 * speaks of oids and processes of another one (ENGINE D18). A row that does not say where it is from has nothing but
 * a process to compare, so it is taken for one of this database.
 */
export async function isOfThisDatabase(session: Session, preState: Partial<PreState>): Promise<boolean> {
  if (preState.systemIdentifier === undefined) return true;
  const here = await session.identity();
  return here.systemIdentifier === preState.systemIdentifier && here.databaseOid === preState.databaseOid;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { LockkeeperError } from '../../core/errors.js';
import { connect } from './client.js';
import { layoutOf, type Layout } from './layout.js';
import { withLock } from './lock.js';
import { isKnown, readPostmaster } from './postmaster.js';
import { isAlive, isPostgres, processIdentity } from './process.js';
import { lastUsed, readState, type ServerState } from './state.js';
import { endServer } from './stop.js';
import type { Watch } from './watch.js';

const longestPauseMs = 30_000;
/** The first look waits until the command that wanted the server has had it; a doubtful one is soon repeated. */
const shortPauseMs = 1_000;

/**
 * Waits until the server has had no session for a while, and ends it. Returns when the server is gone, when another
 * one has taken its place, when another process watches it, or when somebody asked to keep it.
 */
export async function supervise(watch: Watch): Promise<void> {
  const layout = layoutOf(watch.home);
  const usual = Math.min(longestPauseMs, watch.idleMs / 4);
  const sessions = new Sessions(layout);
  let pause = Math.min(shortPauseMs, usual);
  let activeAt = Date.now();
  let last = watched(layout);
  try {
    for (;;) {
      await sessions.pause(pause);
      const state = watched(layout);
      if (state === null) return await endForgotten(layout, last);
      last = state;
      const use = await sessions.look(state);
      if (use !== 'none') activeAt = Date.now();
      pause = use === 'unknown' ? Math.min(shortPauseMs, usual) : usual;
      const quietSince = Math.max(activeAt, lastUsed(layout));
      if (Date.now() - quietSince < watch.idleMs) continue;
      if (await endIdle(layout, watch, sessions)) return;
    }
  } finally {
    await sessions.close();
  }
}

/** The server that is ours to watch; null where there is none any more. */
function watched(layout: Layout): ServerState | null {
  const state = readState(layout);
  const postmaster = readPostmaster(layout);
  if (state === null || postmaster === null || !isKnown(layout, postmaster, state) || state.keep) return null;
  // Null: the process that started us has not noted our pid yet.
  return state.supervisor === null || state.supervisor === process.pid ? state : null;
}

/** A server whose folder was deleted under it: its password is gone, so nobody can use or stop it any more. */
async function endForgotten(layout: Layout, last: ServerState | null): Promise<void> {
  if (last === null || readState(layout)?.pid === last.pid) return;
  const runs = isAlive(last.pid) && processIdentity(last.pid) === last.identity && isPostgres(last.pid);
  if (runs) await endServer(layout, last);
}

/** Ends the server under the lock, unless somebody has come in between. */
async function endIdle(layout: Layout, watch: Watch, sessions: Sessions): Promise<boolean> {
  return withLock(layout.lock, null, async () => {
    const state = watched(layout);
    if (state === null) return true;
    if (Date.now() - lastUsed(layout) < watch.idleMs || (await sessions.look(state)) !== 'none') return false;
    await sessions.close();
    await endServer(layout, state);
    return true;
  });
}

/** Looks at who uses the server, over one connection that also tells when the server ends. */
class Sessions {
  readonly #layout: Layout;
  #client: Client | null = null;
  #begun: string | null = null;
  #ended = new AbortController();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Sleeps, and no longer than the connection lasts. */
  async pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#ended.signal });
    } catch {
      // The connection ended: look now, and sleep the next time.
      this.#ended = new AbortController();
    }
  }

  /** Whether there is a session besides ours, or was one since the last look. */
  async look(state: ServerState): Promise<'some' | 'none' | 'unknown'> {
    try {
      this.#client ??= await this.#open(state.port);
      const { present, begun } = await readUse(this.#client);
      const isNew = begun !== this.#begun;
      this.#begun = begun;
      return present || isNew ? 'some' : 'none';
    } catch {
      // The server ends, or ended our session: the next look at its process decides.
      await this.close();
      return 'unknown';
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    // An end that fails has ended all the same.
    await client?.end().catch(() => undefined);
  }

  async #open(port: number): Promise<Client> {
    const client = await connect(this.#layout, port, 'lockkeeper supervisor');
    client.once('end', () => this.#ended.abort());
    return client;
  }
}

/** pg_stat_database.sessions counts every session that was ever begun (PostgreSQL 14 and later). */
async function readUse(client: Client): Promise<{ readonly present: boolean; readonly begun: string }> {
  const result = await client.query<{ present: boolean; begun: string }>(/* sql */ `
    select
      exists (
        select from pg_catalog.pg_stat_activity
        where pid <> pg_backend_pid()
        and backend_type in ('client backend', 'walsender')
      ) as present,
      (select sum(sessions)::text from pg_catalog.pg_stat_database) as begun`);
  const row = result.rows[0];
  if (row === undefined) throw new LockkeeperError('INTERNAL', { message: 'A query for one row gave none.' });
  return row;
}

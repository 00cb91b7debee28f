import { type AdvisoryLockId, hygiene, hygieneStatements, type Session } from '../pg/index.js';
import { ourRole, ours, type Part } from './parts.js';

/** What a run puts around its transactions. It depends on whether the run has a session of its own. */
export interface Frame {
  /** BEGIN and whatever has to stand before anything else. `what` names the work for those who watch the server. */
  readonly begin: (what: string, options?: string | null) => readonly Part[];
  /** Back to the role of the run, whatever a file has done. */
  readonly ourRole: Part;
  /** What stands before COMMIT. */
  readonly renewal: readonly Part[];
  /** What follows the last step of a migration. */
  readonly hygiene: readonly Part[];
  /** Statements of ours as one transaction in one message. */
  readonly own: (what: string, statements: readonly string[]) => string;
  /** Cancels what the run is doing at the moment; to be sent by another session. */
  readonly cancel: { readonly text: string; readonly values: readonly unknown[] };
}

/** A session of its own: it is set up once, and put back between migrations (ENGINE B12), `kept` locks excepted. */
export function sessionFrame(session: Session, kept: readonly AdvisoryLockId[] = []): Frame {
  const { restore } = session;
  const text = hygiene(kept);
  const cleaning =
    restore === ''
      ? ours(text, null, hygieneStatements)
      : ours(`${text}; ${restore}`, null, hygieneStatements + restore.split('; ').length);
  return {
    begin: (_what, options = null) => [ours(options === null ? 'begin' : `begin ${options}`, 'BEGIN')],
    ourRole,
    renewal: [],
    hygiene: [cleaning],
    own: (_what, statements) => ['begin', ...statements, 'commit'].join(';\n'),
    cancel: { text: 'select pg_cancel_backend($1)', values: [session.info.pid] },
  };
}

export interface LeaseFrameOptions {
  /** Beginning of a comment that names the run; see `runMark`. */
  readonly mark: string;
  /** SET LOCAL statements. */
  readonly baseline: readonly string[];
  /** Role of the configuration; null for the one that logged in. */
  readonly role: string | null;
  /** SQL that raises where the lease is somebody else's. */
  readonly guard: string;
  readonly renewal: string;
}

/**
 * Transactions through a transaction pooler (ENGINE A4, A5): each of them brings its settings along and leaves none
 * behind, begins with a comment that names the run, and ends with a sign of life. Nothing is ever set for a session.
 */
export function leaseFrame(options: LeaseFrameOptions): Frame {
  const { mark, baseline, guard } = options;
  const role = options.role === null ? 'none' : `'${options.role.replaceAll("'", "''")}'`;
  const begin = (what: string, more: string | null = null): string =>
    `${mark}${what.replaceAll(/[^\w.:-]/g, '_')} */ begin${more === null ? '' : ` ${more}`}`;
  const renewal = ours(options.renewal);
  return {
    begin: (what, more = null) => [
      ours(begin(what, more), 'BEGIN'),
      ours(baseline.join('; '), null, baseline.length),
    ],
    ourRole: ours(`set local session authorization default; set local role ${role}`, null, 2),
    renewal: [renewal],
    hygiene: [],
    own: (what, statements) =>
      [begin(what), ...baseline, `select ${guard}`, ...statements, options.renewal, 'commit'].join(';\n'),
    cancel: {
      text: `select pg_cancel_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and query like $1`,
      values: [`${mark}%`],
    },
  };
}

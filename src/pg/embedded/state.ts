import { readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { keepOwner, type Layout } from './layout.js';

/** What the last process that worked on the server left for the next one, in `server.json`. Holds no secret. */
export interface ServerState {
  readonly pid: number;
  /** Third line of postmaster.pid: seconds since the epoch. */
  readonly startedAt: string;
  readonly port: number;
  /** See `processIdentity`. */
  readonly identity: string | null;
  /** Which data folder it serves; a copy of the project brings these notes along, and not the server. */
  readonly folder: string;
  /** `db start` asked for it: it runs until `db stop`. */
  readonly keep: boolean;
  /** Pid of the process that ends the server when it is idle. */
  readonly supervisor: number | null;
  /** Databases that were seen, with their oids: `base/<oid>` is gone as soon as one is dropped. */
  readonly databases: Readonly<Record<string, number>>;
  readonly version: string;
  /** Folder of the programs that made it run; needed to stop it on Windows. */
  readonly bin: string;
}

/** The state as last written; null where there is none, or none that can be read. */
export function readState(layout: Layout): ServerState | null {
  try {
    return JSON.parse(readFileSync(layout.state, 'utf8')) as ServerState;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Replaces the state in one movement, so that no reader sees half of it. Counts as use. */
export function writeState(layout: Layout, state: ServerState): void {
  const file = `${layout.state}.${process.pid}`;
  writeFileSync(file, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  keepOwner(file);
  renameSync(file, layout.state);
}

/** Says that the server is wanted now; the supervisor counts its idle time from here. */
export function markUsed(layout: Layout): void {
  const now = new Date();
  utimesSync(layout.state, now, now);
}

/** When the server was last asked for, in milliseconds since the epoch. */
export function lastUsed(layout: Layout): number {
  return statSync(layout.state, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

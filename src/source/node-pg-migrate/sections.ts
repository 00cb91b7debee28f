import { countLineFeeds } from '../../sql/position.js';

/** A part of a file of SQL. */
export interface Section {
  readonly text: string;
  /** Lines of the file before it. */
  readonly lineOffset: number;
}

/** `-- Up Migration`, however it is spaced and written. */
const upMarker = /^\s*--[\s-]*up\s+migration/im;
const downMarker = /^\s*--[\s-]*down\s+migration/im;

/**
 * Cuts a file as node-pg-migrate does: a section begins at its marker and ends at the other one. Without a marker for
 * the way up all of the file is the way up, also what stands behind a marker for the way down.
 */
export function splitSections(content: string): { readonly up: Section; readonly down: Section | null } {
  const up = content.search(upMarker);
  const down = content.search(downMarker);
  const cut = (from: number, other: number): Section => ({
    text: content.slice(from, other < from ? undefined : other),
    lineOffset: countLineFeeds(content, 0, from),
  });
  return {
    up: up === -1 ? { text: content, lineOffset: 0 } : cut(up, down),
    down: down === -1 ? null : cut(down, up),
  };
}

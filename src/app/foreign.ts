import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { keepsForeign, type ProjectFiles } from './migrations.js';
import type { Locked, Prepared } from './prepare-read.js';

// The doors to what only projects with another tool's history need; nothing of it is loaded for all others.

/** Our history as the next run will have it, when it has followed the other tools; writes nothing. */
export async function viewed(project: ProjectFiles, prepared: Prepared): Promise<Prepared> {
  if (!keepsForeign(project)) return prepared;
  const { viewForeign } = await import('./foreign-view.js');
  return await viewForeign(project, prepared);
}

/**
 * Our history in line with those of the other tools, under their locks, which are held until the database is closed.
 * @throws {FOREIGN_HISTORY_UNKNOWN} {FOREIGN_HISTORY_FAILED} {FOREIGN_HISTORY_MOVED} {FOREIGN_LOCK_HELD}
 */
export async function followed(
  config: ResolvedConfig,
  context: Context,
  request: { readonly project: ProjectFiles; readonly prepared: Locked },
): Promise<Locked> {
  if (!keepsForeign(request.project)) return request.prepared;
  const { followForeign } = await import('./foreign-follow.js');
  return await followForeign(config, context, request);
}

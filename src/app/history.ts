import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { readLog } from '../history/index.js';
import type { HistoryReport } from './lockkeeper.js';
import { prepareToRead } from './prepare-read.js';
import { withDatabase } from './session.js';

const defaultLimit = 50;

/** The journal, newest first: what was attempted, by whom, and how it ended. */
export async function history(
  config: ResolvedConfig,
  context: Context,
  options: { readonly limit?: number },
): Promise<HistoryReport> {
  return await withDatabase(config, context, async (opened) => {
    const { tables, installation } = await prepareToRead(config, opened);
    if (installation.schemaVersion === 0) return { entries: [] };
    const entries = await readLog(opened.session, tables, options.limit ?? defaultLimit);
    return { entries: entries.map((entry) => ({ ...entry, step: entry.step === 0 ? null : entry.step })) };
  });
}

import type { ResolvedConfig } from '../../config/resolved.js';
import type { Context } from '../../core/context.js';
import { Events } from '../../core/events.js';
import { withDatabase } from '../session.js';
import { up } from '../up.js';
import { dumpOf } from './dump.js';

/** Runs everything on an empty database, and gives the schema that it makes. */
export async function replay(config: ResolvedConfig, context: Context): Promise<string | null> {
  const quiet: Context = { ...context, events: new Events() };
  await up(config, quiet, {});
  const major = await withDatabase(config, quiet, (opened) => Promise.resolve(opened.session.info.major));
  return await dumpOf(config, major);
}

import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { tagNewest } from '../history/index.js';
import type { TagReport } from './lockkeeper.js';
import { prepareToRun } from './prepare.js';
import { withDatabase } from './session.js';

const acceptedTag = /^[\p{L}\p{N}][\p{L}\p{N}._+/-]{0,99}$/u;

/**
 * Puts a label on the present point of the history; `down --to <label>` comes back to it.
 * @throws {USAGE_INVALID} for a bad or used label. {MIGRATION_NOT_FOUND} where nothing is applied.
 */
export async function tag(config: ResolvedConfig, context: Context, label: string): Promise<TagReport> {
  if (!acceptedTag.test(label)) {
    throw new LockkeeperError('USAGE_INVALID', {
      message: `"${label}" cannot be a tag.`,
      hint: 'A tag begins with a letter or digit, and holds letters, digits and . _ + / - only, 100 at most.',
    });
  }
  return await withDatabase(config, context, async (opened) => {
    const { tables, history } = await prepareToRun(config, context, opened);
    const used = history.applied.find((row) => row.tags.includes(label));
    if (used !== undefined) {
      throw new LockkeeperError('USAGE_INVALID', {
        message: `The tag "${label}" is on migration ${used.version} already.`,
        hint: 'Choose another tag.',
      });
    }
    const [row] = await opened.session.query<{ version: string; name: string }>(tagNewest(tables, label));
    if (row === undefined) {
      throw new LockkeeperError('MIGRATION_NOT_FOUND', {
        message: 'Nothing is applied, so there is nothing to tag.',
        hint: 'Run `lockkeeper up` first.',
      });
    }
    return { tag: label, version: row.version, name: row.name };
  });
}

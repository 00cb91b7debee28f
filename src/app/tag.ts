import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { tagRow } from '../history/index.js';
import { compareState, repeatableRows } from '../plan/state.js';
import type { TagReport } from './lockkeeper.js';
import { listProject } from './migrations.js';
import { prepareToRun } from './prepare.js';
import { withDatabase } from './session.js';
import { writeOwn } from './write-own.js';

const acceptedTag = /^[\p{L}\p{N}][\p{L}\p{N}._+/-]{0,99}$/u;

/**
 * Puts a label on the present point of the history; `down --to <label>` comes back to it. A repeatable migration has
 * no place in the order, so the label goes to the last versioned one.
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
    const prepared = await prepareToRun(config, context, opened);
    const { tables, history } = prepared;
    const used = history.applied.find((row) => row.tags.includes(label));
    if (used !== undefined) {
      throw new LockkeeperError('USAGE_INVALID', {
        message: `The tag "${label}" is on migration ${used.version} already.`,
        hint: 'Choose another tag.',
      });
    }
    const isRepeatable = repeatableRows(compareState((await listProject(config)).files, history));
    const row = history.applied.findLast((applied) => !isRepeatable(applied));
    if (row === undefined) {
      throw new LockkeeperError('MIGRATION_NOT_FOUND', {
        message: 'No versioned migration is applied, so there is nothing to tag.',
        hint: 'Run `lockkeeper up` first.',
      });
    }
    await writeOwn(prepared, 'tag', [tagRow(tables, row, label)]);
    return { tag: label, version: row.version, name: row.name };
  });
}

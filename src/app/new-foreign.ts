import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { isLockkeeperError, LockkeeperError } from '../core/errors.js';
import type { MigrationFile } from '../migration/migration.js';
import { splitSections } from '../migration/shape.js';
import { openSource, shownPath, type SourceOptions } from '../source/index.js';
import type { NewFile } from '../source/format.js';
import type { NewReport } from './lockkeeper.js';

/**
 * Writes a migration as the tool of the folder writes its own, with the SQL of a native template in it.
 * @throws {FILE_EXISTS} {USAGE_INVALID} where the tool's files cannot be made one by one.
 */
export async function createForeignMigration(
  options: SourceOptions,
  about: {
    readonly config: ResolvedConfig;
    readonly context: Context;
    readonly name: string;
    /** The template, filled in: native SQL with markers. */
    readonly text: string;
  },
): Promise<NewReport> {
  const { config, context, name } = about;
  const { create } = await openSource(options, config);
  if (create === null || create === undefined) throw notOneByOne(options.format);
  const existing = await listed(options, config);
  const now = new Date(context.now());
  const files = create({ name, now, ...ways(about.text), existing });
  writeAll(files);
  const before = new Set(existing.map(({ version }) => version));
  const after = await listed(options, config);
  const added = after.find(({ version }) => !before.has(version));
  if (added !== undefined && added !== after.findLast(({ repeatable }) => !repeatable)) {
    context.events.emit('warning', {
      code: 'out-of-order',
      message: `${added.version} comes before a migration that was there already.`,
      hint: 'Give it a later number or time, if that one is applied anywhere.',
    });
  }
  return {
    version: added?.version ?? name,
    name,
    files: files.map(({ path }) => shownPath(path, config.root)),
  };
}

/** A listing is made anew each time: a format may keep what it read. */
async function listed(options: SourceOptions, config: ResolvedConfig): Promise<readonly MigrationFile[]> {
  const source = await openSource(options, config);
  try {
    return source.list().files;
  } catch (error) {
    if (isLockkeeperError(error, 'MIGRATIONS_DIR_MISSING') && !existsSync(options.dir)) return [];
    throw error;
  }
}

/** The template without our markers and directives, which mean nothing to the other tool. */
function ways(text: string): { readonly up: string; readonly down: string | null } {
  const { sections } = splitSections(text, 'up');
  const of = (kind: 'up' | 'down'): string => {
    const section = sections.find((each) => each.kind === kind);
    return (section?.text ?? '').replace(/^\s*-- description: .*$/m, '').trim();
  };
  const down = of('down');
  return { up: `${of('up')}\n`, down: down === '' ? null : `${down}\n` };
}

/** Writes all or nothing, and over no file but those that are meant to get more. */
function writeAll(files: readonly NewFile[]): void {
  const undo: (() => void)[] = [];
  try {
    for (const { path, content, replaces = false } of files) {
      mkdirSync(dirname(path), { recursive: true });
      const old = replaces ? readFileSync(path) : null;
      writeFileSync(path, content, { flag: replaces ? 'w' : 'wx' });
      undo.push(old === null ? () => rmSync(path) : () => writeFileSync(path, old));
    }
  } catch (cause) {
    for (const back of undo.toReversed()) back();
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    const path = (cause as NodeJS.ErrnoException).path ?? '';
    throw new LockkeeperError('FILE_EXISTS', {
      message: `The file "${basename(path)}" exists already.`,
      hint: 'Choose another name, or run the command again a second later.',
      details: { file: path },
    });
  }
}

function notOneByOne(format: string): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message: `A migration of ${format} cannot be written by itself.`,
    hint: 'Write it with that tool; it runs here as it is.',
  });
}

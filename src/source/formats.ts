import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LockkeeperError } from '../core/errors.js';
import type { ForeignFormat } from '../migration/migration.js';
import type { Format } from './format.js';

/** What is known of a format before its code is loaded. */
interface FormatEntry {
  readonly name: ForeignFormat;
  /** Files and folders of a project that say it is this tool's, relative to the project folder. */
  readonly marks: readonly string[];
  readonly load: () => Promise<Format>;
}

const formats: readonly FormatEntry[] = [];

/** The tools that a project folder shows signs of, in a fixed order; looks at names only. */
export function detectFormats(root: string): readonly ForeignFormat[] {
  const names = new Set(existsSync(root) ? readdirSync(root) : []);
  const isThere = (mark: string): boolean =>
    mark.includes('/') ? existsSync(join(root, mark)) : names.has(mark);
  return formats.filter(({ marks }) => marks.some(isThere)).map(({ name }) => name);
}

/** @throws {CONFIG_INVALID} for a format that this version does not run. */
export async function loadFormat(name: ForeignFormat): Promise<Format> {
  const entry = formats.find((one) => one.name === name);
  if (entry !== undefined) return await entry.load();
  throw new LockkeeperError('CONFIG_INVALID', {
    message: `This version does not run the migrations of ${name}.`,
    hint: `It runs those of: ${formats.map((one) => one.name).join(', ')}.`,
  });
}

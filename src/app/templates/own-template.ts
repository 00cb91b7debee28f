import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import { didYouMean, joinWords } from '../../core/text.js';

/** What the `{{words}}` of a project's own template stand for; null where there is nothing to put in. */
export interface OwnTemplateValues {
  readonly name: string;
  readonly version: string;
  readonly table: string | null;
  readonly columns: string | null;
}

const words = ['name', 'version', 'table', 'columns'] as const;

/** Names of the templates in a folder, for one format. A folder that is not there has none. */
export function listOwnTemplates(dir: string, extension: 'sql' | 'ts'): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((file) => file.endsWith(`.${extension}`) && !file.startsWith('.'))
    .map((file) => file.slice(0, -extension.length - 1));
}

/**
 * Fills a project's own template.
 * @throws {TEMPLATE_INVALID} for a word in braces that stands for nothing.
 */
export function fillOwnTemplate(dir: string, file: string, values: OwnTemplateValues): string {
  const text = readFileSync(join(dir, file), 'utf8');
  return text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, word: string) => {
    const known = words.find((each) => each === word);
    const value = known === undefined ? undefined : values[known];
    if (value === undefined) {
      throw invalid(
        file,
        `The template "${file}" holds {{${word}}}, which stands for nothing.${didYouMean(word, words)}`,
        `Known words: ${joinWords(words.map((each) => `{{${each}}}`))}.`,
      );
    }
    if (value !== null) return value;
    throw invalid(
      file,
      `The template "${file}" holds {{${word}}}, and none was given.`,
      word === 'table' ? 'Name it: --table users' : 'Give at least one: --column name:type',
    );
  });
}

function invalid(template: string, message: string, hint: string): LockkeeperError {
  return new LockkeeperError('TEMPLATE_INVALID', {
    message,
    hint,
    details: { option: 'template', template },
  });
}

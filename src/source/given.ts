import { LockkeeperError } from '../core/errors.js';
import { didYouMean, joinWords } from '../core/text.js';
import type { FormatSettings } from './options.js';

/**
 * Keys that lockkeeper.config gives a folder of another tool, beside those that every folder has.
 * @throws {CONFIG_INVALID} for a key that the format does not know, and for a value that is no text.
 */
export function readGivenTexts<Key extends string>(
  given: FormatSettings,
  known: readonly Key[],
  format: string,
): Readonly<Partial<Record<Key, string>>> {
  for (const [key, value] of Object.entries(given)) {
    if (!known.some((name) => name === key)) {
      const near = didYouMean(key, known) || ` Known: ${joinWords(known)}.`;
      throw invalid(`"migrations": "${key}" is not a key of the format "${format}".${near}`, key);
    }
    if (typeof value !== 'string' || value === '') {
      throw invalid(`"migrations": "${key}" is ${JSON.stringify(value)}. Accepted: a text.`, key);
    }
  }
  return given as Readonly<Partial<Record<Key, string>>>;
}

function invalid(message: string, key: string): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', {
    message,
    hint: 'Correct it in the configuration of Lockkeeper.',
    details: { key },
  });
}

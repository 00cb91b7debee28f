import type { LockkeeperError } from '../../core/errors.js';
import { inFile, problemAt } from '../../sql/position.js';
import type { FlywaySettings } from './settings.js';

/** A text whose placeholders are filled in. */
export interface Replaced {
  readonly text: string;
  /** False where the text is as it was. */
  readonly changed: boolean;
  readonly problems: readonly LockkeeperError[];
}

/**
 * Fills in `${name}` wherever it stands, also in strings and comments, as Flyway does. One without a value is a problem;
 * so is one without an end.
 */
export function replacePlaceholders(
  text: string,
  file: { readonly shown: string; readonly fileName: string },
  settings: Pick<FlywaySettings, 'placeholders' | 'placeholderMarks'>,
): Replaced {
  const { prefix, suffix, separator } = settings.placeholderMarks;
  const values: Readonly<Record<string, string>> = {
    ...settings.placeholders,
    [`flyway${separator}filename`.toLowerCase()]: file.fileName,
    [`flyway${separator}timestamp`.toLowerCase()]: localTimestamp(),
  };
  const problems: LockkeeperError[] = [];
  let out = '';
  let from = 0;
  for (let at = text.indexOf(prefix); at !== -1; at = text.indexOf(prefix, from)) {
    const end = text.indexOf(suffix, at + prefix.length);
    const name = text.slice(at + prefix.length, end === -1 ? text.length : end);
    const value = end === -1 ? undefined : values[name.toLowerCase()];
    if (value === undefined) problems.push(inFile(missing(text, { at, name, end, prefix, suffix }), file.shown, 0)); // prettier-ignore
    out += text.slice(from, at) + (value ?? '');
    from = end === -1 ? text.length : end + suffix.length;
  }
  return { text: out + text.slice(from), changed: from > 0, problems };
}

interface MissingPlaceholder {
  readonly at: number;
  readonly end: number;
  readonly name: string;
  readonly prefix: string;
  readonly suffix: string;
}

function missing(text: string, { at, end, name, prefix, suffix }: MissingPlaceholder): LockkeeperError {
  const shown = name.split('\n', 1)[0] ?? '';
  return problemAt('MIGRATION_PLACEHOLDER_MISSING', text, {
    offset: at,
    length: Math.min(prefix.length + shown.length + suffix.length, 80),
    message:
      end === -1
        ? `The placeholder that begins with "${prefix}" has no "${suffix}".`
        : `The placeholder "${prefix}${shown}${suffix}" has no value.`,
    hint: `Set it in Flyway's configuration (flyway.placeholders.${shown}), or under "placeholders" in Lockkeeper's. Where it is no placeholder, switch them off for the file: placeholderReplacement=false in its .conf.`,
    details: { placeholder: shown },
  });
}

/** `2026-11-21 16:05:00` in the time zone of the machine, as Flyway has it. */
function localTimestamp(): string {
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}

import type { FlywaySettings } from './settings.js';
import { flywayVersion } from './version.js';

/** What the name of a file says, by Flyway's rules. */
export type FlywayName =
  | {
      readonly kind: 'versioned' | 'undo' | 'baseline';
      /** With dots. */
      readonly version: string;
      readonly description: string;
      readonly raw: string;
    }
  | { readonly kind: 'repeatable'; readonly description: string; readonly raw: string }
  | { readonly kind: 'callback'; readonly event: string; readonly description: string }
  /** Written in another language than SQL. */
  | { readonly kind: 'code'; readonly version: string | null; readonly description: string }
  /** Begins like a migration and is none; `why` says what is missing. */
  | { readonly kind: 'invalid'; readonly why: string };

/** Callbacks that Flyway looks for; only SQL files are meant. */
const events = new Set(
  ['Clean', 'Migrate', 'EachMigrate', 'EachMigrateStatement', 'Undo', 'EachUndo', 'EachUndoStatement', 'Validate', 'Baseline', 'Repair', 'Info']
    .flatMap((verb) => [`before${verb}`, `after${verb}`, `after${verb}Error`])
    .concat(['beforeRepeatables', 'afterVersioned', 'afterMigrateApplied', 'createSchema', 'beforeCreateSchema', 'beforeConnect', 'afterConnect'])
    .concat(['Migrate', 'Undo', 'Validate', 'Clean', 'Repair', 'Info', 'Baseline'].map((verb) => `after${verb}OperationFinish`)),
); // prettier-ignore

const codeEndings = /\.(?:java|kt|groovy|scala|class|sh|bash|cmd|bat|ps1|py)$/;

/** Null for what is none of Flyway's files. */
export function parseFlywayName(fileName: string, settings: FlywaySettings): FlywayName | null {
  const stem = stripSuffix(fileName, settings.suffixes);
  if (stem === null) return parseCodeName(fileName, settings);
  const [event, about = ''] = splitOnce(stem, settings.separator);
  if (events.has(event)) return { kind: 'callback', event, description: about.replaceAll('_', ' ') };
  const prefixed = findPrefix(stem, settings);
  if (prefixed === null) return null;
  const [kind, name] = prefixed;
  const [rest, raw] = splitOnce(name, settings.separator);
  const description = (raw ?? '').replaceAll('_', ' ');
  if (kind === 'repeatable') {
    if (raw === undefined || rest !== '') return null;
    return { kind, description, raw };
  }
  const version = flywayVersion(rest);
  if (version !== null) return { kind, version, description, raw: raw ?? '' };
  // "V2_add.sql", "V__x.sql": somebody meant a migration, and Flyway would pass over it in silence.
  if (rest === '' && raw !== undefined) return { kind: 'invalid', why: 'it has no version' };
  return /^\d/.test(rest) ? { kind: 'invalid', why: `"${rest}" is no version` } : null;
}

/** `V2__Load.java` beside SQL files, or compiled; scripts for a shell. */
function parseCodeName(fileName: string, settings: FlywaySettings): FlywayName | null {
  if (!codeEndings.test(fileName)) return null;
  const prefixed = findPrefix(fileName.replace(codeEndings, ''), settings);
  if (prefixed === null) return null;
  const [kind, name] = prefixed;
  const [rest, raw] = splitOnce(name, settings.separator);
  if (raw === undefined) return null;
  const version = kind === 'repeatable' && rest === '' ? null : flywayVersion(rest);
  if (version === null && kind !== 'repeatable') return null;
  return { kind: 'code', version, description: raw.replaceAll('_', ' ') };
}

/** The longest prefix first, as one may begin with another. */
function findPrefix(
  text: string,
  { prefixes }: FlywaySettings,
): readonly [keyof FlywaySettings['prefixes'], string] | null {
  const entries = Object.entries(prefixes) as [keyof FlywaySettings['prefixes'], string][];
  const sorted = entries.toSorted(([, a], [, b]) => b.length - a.length);
  const found = sorted.find(([, prefix]) => text.startsWith(prefix));
  return found === undefined ? null : [found[0], text.slice(found[1].length)];
}

function stripSuffix(name: string, suffixes: readonly string[]): string | null {
  const lower = name.toLowerCase();
  const suffix = suffixes.find((each) => lower.endsWith(each.toLowerCase()));
  return suffix === undefined ? null : name.slice(0, name.length - suffix.length);
}

/** At the first separator that is neither at the very beginning nor missing. */
function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

import { durationForms, parseDuration } from '../core/duration.js';
import type { Metadata, Risk, TransactionMode } from './metadata.js';

/** Metadata while it is being gathered. */
export type MetadataDraft = { -readonly [Key in keyof Metadata]: Metadata[Key] };

/** Why a value was not taken: what is accepted instead. */
interface Refusal {
  readonly accepted: string;
}

/** One thing an author can say, in whatever place: sets it in the draft, or says what it would accept. */
export interface MetadataField {
  /** As the documentation writes it in an SQL file. */
  readonly directive: string;
  /** Other spellings; compared without case, dashes and underscores. */
  readonly aliases: readonly string[];
  /** False where any text is a good value, so that no value can be told to be wrong. */
  readonly strict: boolean;
  readonly set: (draft: MetadataDraft, value: unknown) => Refusal | null;
}

/** Every field, in the order of the documentation. */
export const metadataFields: readonly MetadataField[] = [
  textField('description', [], (draft, text) => {
    draft.description = draft.description === null ? text : `${draft.description} ${text}`;
  }),
  textField('author', ['authors'], (draft, text) => void (draft.author = text)),
  choiceField('risk', ['riskLevel'], {
    values: { low: 'low', medium: 'medium', high: 'high' } satisfies Record<Risk, Risk>,
    set: (draft, risk) => void (draft.risk = risk),
  }),
  listField('depends', ['depend', 'dependsOn', 'dependencies', 'dependency'], 'depends'),
  listField('tags', ['tag'], 'tags'),
  {
    directive: 'estimated-duration',
    aliases: ['estimatedTime', 'estimatedDurationMs'],
    strict: true,
    set: setDuration,
  },
  booleanField('requires-downtime', (draft, value) => void (draft.requiresDowntime = value)),
  listField('affected-tables', ['affectedTable'], 'affectedTables'),
  listField('reviewed-by', ['reviewer', 'reviewers'], 'reviewedBy'),
  choiceField<TransactionMode>('transaction', [], {
    values: {
      auto: 'auto',
      none: 'none',
      'per-statement': 'per-statement',
      true: 'auto',
      false: 'none',
    },
    set: (draft, mode) => void (draft.transaction = mode),
  }),
  {
    directive: 'irreversible',
    aliases: [],
    strict: false,
    set: (draft, value) => setIrreversible(draft, value),
  },
  booleanField('reversible', (draft, value) => {
    draft.irreversible = value ? null : (draft.irreversible ?? 'It is declared as not reversible.');
  }),
  textField('release', [], (draft, text) => void (draft.release = text)),
  listField('environments', ['environment', 'env'], 'environments'),
  booleanField('repeatable', (draft, value) => void (draft.repeatable = value)),
  booleanField('retry', (draft, value) => void (draft.retry = value)),
];

/** Field by spelling, written in any of the usual ways: `risk-level`, `riskLevel`, `risk_level`. */
export function findMetadataField(key: string): MetadataField | undefined {
  return bySpelling.get(foldKey(key));
}

/** Every accepted spelling in its folded form, for messages about one that is nearly right. */
export function metadataSpellings(): Iterable<string> {
  return bySpelling.keys();
}

/** Lower case, without dashes and underscores. */
export function foldKey(key: string): string {
  return key.replaceAll(/[-_]/g, '').toLowerCase();
}

/** A comma-separated text, also in the form of an array (`['a', 'b']`), or a list of texts. Null for anything else. */
export function parseWordList(value: unknown): string[] | null {
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === 'string') ? value.map((item) => item.trim()) : null;
  }
  if (typeof value !== 'string') return null;
  return value
    .replace(/^\[(.*)\]$/, '$1')
    .split(',')
    .map((item) => item.trim().replace(/^(['"])(.*)\1$/, '$2'))
    .filter((item) => item !== '');
}

type ListKey = 'depends' | 'tags' | 'affectedTables' | 'reviewedBy' | 'environments';

function textField(
  directive: string,
  aliases: readonly string[],
  assign: (draft: MetadataDraft, text: string) => void,
): MetadataField {
  return {
    directive,
    aliases,
    strict: false,
    set(draft, value) {
      const text = typeof value === 'number' ? String(value) : value;
      if (typeof text !== 'string') return { accepted: 'a text' };
      if (text.trim() !== '') assign(draft, text.trim());
      return null;
    },
  };
}

function listField(directive: string, aliases: readonly string[], key: ListKey): MetadataField {
  return {
    directive,
    aliases,
    strict: false,
    set(draft, value) {
      const words = parseWordList(value);
      if (words === null) return { accepted: 'a text, or a list of texts' };
      draft[key] = [...new Set([...draft[key], ...words])];
      return null;
    },
  };
}

function choiceField<Value extends string>(
  directive: string,
  aliases: readonly string[],
  choice: {
    readonly values: Readonly<Record<string, Value>>;
    readonly set: (draft: MetadataDraft, value: Value) => void;
  },
): MetadataField {
  const accepted = [...new Set(Object.values(choice.values))].map((value) => `"${value}"`).join(', ');
  return {
    directive,
    aliases,
    strict: true,
    set(draft, value) {
      const word = String(value).trim().toLowerCase();
      const found = Object.hasOwn(choice.values, word) ? choice.values[word] : undefined;
      if (found === undefined) return { accepted };
      choice.set(draft, found);
      return null;
    },
  };
}

function booleanField(
  directive: string,
  assign: (draft: MetadataDraft, value: boolean) => void,
): MetadataField {
  return {
    directive,
    aliases: [],
    strict: true,
    set(draft, value) {
      const word = String(value).trim().toLowerCase();
      // A bare directive says yes.
      if (['', 'true', 'yes', 'on'].includes(word)) assign(draft, true);
      else if (['false', 'no', 'off'].includes(word)) assign(draft, false);
      else return { accepted: '"true" or "false"' };
      return null;
    },
  };
}

function setDuration(draft: MetadataDraft, value: unknown): Refusal | null {
  // "~2 minutes" and "about 2 minutes" are how people write an estimate.
  const cleaned = typeof value === 'string' ? value.replace(/^\s*(?:~|<|about\b|ca\.)\s*/i, '') : value;
  const known = typeof cleaned === 'string' || typeof cleaned === 'number';
  const milliseconds = known ? parseDuration(cleaned) : null;
  if (milliseconds === null) return { accepted: durationForms };
  draft.estimatedDurationMs = milliseconds;
  return null;
}

function setIrreversible(draft: MetadataDraft, value: unknown): Refusal | null {
  if (typeof value !== 'string' && typeof value !== 'boolean') return { accepted: 'the reason, as a text' };
  const text = String(value).trim();
  if (text === 'false') return null;
  draft.irreversible = text === '' || text === 'true' ? 'No reason was given.' : text;
  return null;
}

const bySpelling: ReadonlyMap<string, MetadataField> = new Map(
  metadataFields.flatMap((field) =>
    [field.directive, ...field.aliases].map((spelling) => [foldKey(spelling), field] as const),
  ),
);

import { didYouMean, nearest } from '../core/text.js';
import {
  findMetadataField,
  foldKey,
  metadataFields,
  metadataSpellings,
  parseWordList,
  type MetadataDraft,
} from './metadata-fields.js';
import { emptyMetadata, type Metadata } from './metadata.js';

/** One `--` comment line at the head of an SQL file. */
export interface CommentLine {
  /** Counted from 1 within the file. */
  readonly line: number;
  /** What follows the dashes, without blanks around it. */
  readonly text: string;
}

/** Something wrong with metadata. `stops` is false where it may well be prose that only looks like a directive. */
export interface MetadataProblem {
  /** Line of the file; null where the metadata is no comment. */
  readonly line: number | null;
  readonly message: string;
  readonly hint: string;
  readonly stops: boolean;
}

export interface ParsedMetadata {
  readonly metadata: Metadata;
  readonly problems: readonly MetadataProblem[];
}

const directive = /^([A-Za-z][\w-]*)\s*:\s*(.*)$/;
const bareDirective = /^(repeatable|irreversible|requires-downtime)$/i;
const lintIgnore = /^lint-ignore(?:\s+([\w/-]+))?\s*(?::\s*(.*))?$/i;

/** Reads the directives among comment lines. Ordinary prose is passed over without a word. */
export function parseDirectives(lines: readonly CommentLine[]): ParsedMetadata {
  // Markers stand among the directives of nearly every file, and are read elsewhere.
  const directives = lines.filter(({ text }) => !text.startsWith('migrate:'));
  if (directives.length === 0) return { metadata: emptyMetadata, problems: [] };
  const draft: MetadataDraft = { ...emptyMetadata };
  const problems = directives.flatMap((line) => readDirective(draft, line) ?? []);
  return { metadata: draft, problems };
}

/** Whether a head comment asks for `-- repeatable`; the only directive that a listing needs to know. */
export function saysRepeatable(lines: readonly CommentLine[]): boolean {
  return parseDirectives(lines.filter((line) => /^repeatable\b/i.test(line.text))).metadata.repeatable;
}

/**
 * Reads the metadata of a TypeScript definition, a `meta` export or the like. `others` are the keys that belong to
 * somebody else; every further key is reported, because a misspelt one would silently do nothing.
 */
export function parseMetadataObject(
  object: Readonly<Record<string, unknown>>,
  others: readonly string[],
): ParsedMetadata {
  const draft: MetadataDraft = { ...emptyMetadata };
  const problems: MetadataProblem[] = [];
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined || value === null || others.includes(key)) continue;
    const problem = key === 'lintIgnore' ? setLintIgnore(draft, value) : setFromObject(draft, key, value);
    if (problem !== null) problems.push({ line: null, stops: true, ...problem });
  }
  return { metadata: draft, problems };
}

/**
 * The directive that a comment certainly is: a known name in lower case, with a value that it accepts and that is no
 * sentence. Null for all that may be prose; `description` and `author` take any text, so that nothing is certain.
 */
export function certainDirective(text: string): string | null {
  const ignored = lintIgnore.exec(text);
  if (ignored !== null) return ignored[1] === undefined || (ignored[2] ?? '') === '' ? null : 'lint-ignore';
  const bare = bareDirective.test(text);
  const [, key = '', value = ''] = bare ? [text, text] : (directive.exec(text) ?? []);
  const field = /^[a-z]/.test(key) ? findMetadataField(key) : undefined;
  if (field === undefined || ['description', 'author'].includes(field.directive)) return null;
  if (!bare && value === '') return null;
  const words = field.strict || field.directive === 'irreversible' ? [] : (parseWordList(value) ?? []);
  if (words.some((word) => /\s/.test(word))) return null;
  return field.set({ ...emptyMetadata }, withoutRemark(field.strict, value)) === null
    ? field.directive
    : null;
}

type Complaint = Pick<MetadataProblem, 'message' | 'hint'>;

function setFromObject(draft: MetadataDraft, key: string, value: unknown): Complaint | null {
  const field = findMetadataField(key);
  if (field === undefined) {
    // A listing does not run code, so the name of the file is what makes a code migration repeatable.
    const fields = metadataFields.filter((each) => each.directive !== 'repeatable');
    const known = [...fields.map((each) => camel(each.directive)), 'dependsOn', 'lintIgnore'];
    return {
      message: `"${key}" is no key of a migration.${didYouMean(key, known)}`,
      hint: `Known keys are up, down, validate, ${known.join(', ')}.`,
    };
  }
  const refusal = field.set(draft, value);
  if (refusal === null) return null;
  return {
    message: `"${key}" of the migration is ${shown(value)}, which is not accepted.`,
    hint: `Accepted: ${refusal.accepted}.`,
  };
}

function setLintIgnore(draft: MetadataDraft, value: unknown): Complaint | null {
  const isEntry = (entry: unknown): entry is { rule: string; reason: string } => {
    const candidate = entry as { rule?: unknown; reason?: unknown } | null;
    return typeof candidate?.rule === 'string' && typeof candidate.reason === 'string';
  };
  if (!Array.isArray(value) || !value.every(isEntry)) {
    return {
      message: '"lintIgnore" of the migration is not a list of rules with their reasons.',
      hint: "Accepted: [{ rule: '…', reason: '…' }].",
    };
  }
  draft.lintIgnore = value.map(({ rule, reason }) => ({ rule, reason }));
  return null;
}

function readDirective(draft: MetadataDraft, { line, text }: CommentLine): MetadataProblem | null {
  const ignored = lintIgnore.exec(text);
  if (ignored !== null) return readLintIgnore(draft, { line, rule: ignored[1], reason: ignored[2] });
  const bare = bareDirective.exec(text);
  const [, key, value] = bare === null ? (directive.exec(text) ?? []) : [text, bare[1], ''];
  // Section markers have the form of a directive.
  if (key === undefined || value === undefined || key === 'migrate') return null;
  const field = findMetadataField(key);
  if (field === undefined) return misspelt(key, line);
  const refusal = field.set(draft, withoutRemark(field.strict, value));
  if (refusal === null) return null;
  // Several words behind a capital letter ("Risk: may lock the table") are a sentence, not a value.
  const words = value.trim().split(/\s+/).length;
  const lowerCase = /^[a-z]/.test(key);
  if (words > 1 && !lowerCase) return null;
  return {
    line,
    message: `The directive "${key}" has the value "${value}", which is not accepted.`,
    hint: `Accepted: ${refusal.accepted}.`,
    stops: words === 1 || field.directive === 'estimated-duration',
  };
}

function readLintIgnore(
  draft: MetadataDraft,
  found: { line: number; rule: string | undefined; reason: string | undefined },
): MetadataProblem | null {
  const { line, rule, reason = '' } = found;
  if (rule !== undefined && reason.trim() !== '') {
    draft.lintIgnore = [...draft.lintIgnore, { rule, reason: reason.trim() }];
    return null;
  }
  return {
    line,
    message:
      rule === undefined
        ? 'A lint-ignore directive names no rule.'
        : `The lint-ignore directive of the rule "${rule}" gives no reason.`,
    hint: 'Write: -- lint-ignore <rule>: <reason>',
    stops: true,
  };
}

/** A key that is nearly one of ours. Inflections ("released", "risks") and capitals are prose. */
function misspelt(key: string, line: number): MetadataProblem | null {
  const folded = foldKey(key);
  if (!/^[a-z]/.test(key) || folded.length < 5) return null;
  const near = nearest(folded, metadataSpellings());
  const field = near === null ? undefined : findMetadataField(near);
  if (near === null || field === undefined || folded.startsWith(near)) return null;
  // A short word has many neighbours in ordinary language; only one slip is believed there.
  if (folded.length < 8 && !isOneSlip(folded, near)) return null;
  return {
    line,
    message: `"${key}" is no directive. Did you mean "${field.directive}"?`,
    hint: `Write "-- ${field.directive}: …". Where it is ordinary prose, begin the sentence with a capital letter.`,
    stops: true,
  };
}

/** One letter too much, too little or wrong, or two neighbours swapped. */
function isOneSlip(a: string, b: string): boolean {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  const [restA, restB] = [a.slice(same), b.slice(same)];
  const swapped = `${restA[1] ?? ''}${restA[0] ?? ''}${restA.slice(2)}`;
  return [restB, restB.slice(1)].includes(restA.slice(1)) || restA === restB.slice(1) || swapped === restB;
}

/** `none (an index is built)` is the value with a remark behind it. */
function withoutRemark(strict: boolean, value: string): string {
  return strict ? value.replace(/\s+(?:\(.*\)|--.*|#.*)\s*$/, '') : value;
}

function camel(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function shown(value: unknown): string {
  return typeof value === 'function' ? 'a function' : JSON.stringify(value);
}

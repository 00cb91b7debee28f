/** What the stem of a migration's file or folder name says (no folder, no extension). */
export interface ParsedName {
  /** As written, without a leading `V`: `0001`, `20240101093000`, `2017-09-23-182408`, `1.2.3`; `R__x` for `R__x`. */
  readonly version: string;
  /** What follows the version and its separator; may be empty. */
  readonly name: string;
  /** True for the `R__name` form. */
  readonly repeatable: boolean;
}

// A date with separators: 2017-09-23, 2017-09-23-182408, 2017_09_23_182408, 2024-05-12-093211-0000.
const dashedDate =
  /^((?:19[7-9]\d|2\d{3})([-_.])(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])(?:[-_.T](?:\d{6}(?:-\d{4})?|\d{4}|\d{2}[-_.]\d{2}(?:[-_.]\d{2})?))?)(?:[-_. ]+(.*))?$/;
const prefixed = /^[vV](\d+(?:[._]\d+)*)(?:__(.*)|)$/;
const prefixedShort = /^[vV](\d+(?:\.\d+)*)[-_. ]+(.*)$/;
const plain = /^(\d+(?:\.\d+)*)(?:[-_. ]+(.*))?$/;
const repeatable = /^R__(.+)$/;

/** Splits a stem into version and name. Null when it holds no version. */
export function parseMigrationName(stem: string): ParsedName | null {
  const first = stem.charCodeAt(0);
  // Most names begin with a digit; looking first keeps a listing of thousands cheap.
  if (first >= 48 && first <= 57) return parseNumbered(stem);
  const again = repeatable.exec(stem);
  if (again?.[1] !== undefined) return { version: stem, name: again[1], repeatable: true };
  const match = prefixed.exec(stem) ?? prefixedShort.exec(stem);
  if (match?.[1] === undefined) return null;
  return { version: match[1], name: match[2] ?? '', repeatable: false };
}

function parseNumbered(stem: string): ParsedName | null {
  let end = 1;
  while (isDigit(stem.charCodeAt(end))) end += 1;
  // By far the commonest form needs no pattern: digits, an underscore, and a name.
  if (stem.charCodeAt(end) === 95 && end !== 4 && !isSeparator(stem.charCodeAt(end + 1))) {
    return { version: stem.slice(0, end), name: stem.slice(end + 1), repeatable: false };
  }
  const date = dashedDate.exec(stem);
  if (date?.[1] !== undefined) return { version: date[1], name: date[3] ?? '', repeatable: false };
  const match = plain.exec(stem);
  if (match?.[1] === undefined) return null;
  return { version: match[1], name: match[2] ?? '', repeatable: false };
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isSeparator(code: number): boolean {
  return code === 95 || code === 45 || code === 46 || code === 32;
}

/**
 * What makes two versions the same one: their digits, without leading zeros and without the separators of a date.
 * So `1` and `0001` are one version, and so are `2017-09-23-182408` and `20170923182408`, and `1.0` and `1`.
 * `20240101` and `20240101000000` name the same moment and stay two versions.
 */
export function versionIdentity(version: string): string {
  if (isAllDigits(version)) return stripZeros(version);
  return numberParts(version)?.map(stripZeros).join('.') ?? version;
}

/**
 * A string that sorts, by plain comparison of UTF-16 units, the way a person means it. Sequential numbers and dotted
 * versions come first, by value; then everything that is a moment (8, 12, 14 or 17 digits, dates with separators,
 * seconds or milliseconds since 1970), by time; then names without a number. Calendar digits are compared as they
 * stand, so `20240101000099`, which counts on instead of keeping to 60 seconds, stays where its author put it.
 */
export function versionSortKey(version: string): string {
  const parts = numberParts(version);
  const head = parts?.[0];
  if (parts === null || head === undefined) return `9${version}`;
  let tail = '';
  for (let index = 1; index < parts.length; index += 1) tail += `.${sized(parts[index] ?? '')}`;
  const moment = parseMoment(head);
  if (moment === null) return `0${sized(head)}${tail} ${version}`;
  // Equal moments: the coarser form first, then by text, so that the order never depends on the folder's.
  return `1${moment}${tail} ${String(head.length).padStart(2, '0')}${version}`;
}

/** Compares two versions as `versionSortKey` does. For more than a few, compute the keys once. */
export function compareVersions(a: string, b: string): number {
  const keyA = versionSortKey(a);
  const keyB = versionSortKey(b);
  if (keyA === keyB) return 0;
  return keyA < keyB ? -1 : 1;
}

/**
 * Sorts by version, stably, with keys computed once: thousands of items cost milliseconds. What is the same version
 * (see `versionIdentity`) ends up side by side.
 */
export function sortByVersion<Item>(items: readonly Item[], versionOf: (item: Item) => string): Item[] {
  // Fourteen digits of this century, what `lockkeeper new` writes, compare as they stand.
  const plain = items.every((item) => isPlainTimestamp(versionOf(item)));
  const keyed = items.map((item) => {
    const version = versionOf(item);
    return { item, key: plain ? version : versionSortKey(version) };
  });
  keyed.sort((a, b) => {
    if (a.key === b.key) return 0;
    return a.key < b.key ? -1 : 1;
  });
  return keyed.map((entry) => entry.item);
}

/** True when the version is a moment in time, false for sequential and dotted numbers. */
export function isMomentVersion(version: string): boolean {
  return momentDigits(version) !== null;
}

/** The calendar digits (YYYYMMDDHHMMSSmmm) that a moment stands for, in UTC; null for what is no moment. */
export function momentDigits(version: string): string | null {
  const head = numberParts(version)?.[0];
  return head === undefined ? null : parseMoment(head);
}

/** The digit groups of a version, a separated date being one group; null when it is no number. Trailing zeros go. */
function numberParts(version: string): string[] | null {
  if (isAllDigits(version)) return [version];
  if (dashedDate.test(version)) return [version.replaceAll(/\D/g, '')];
  if (!/^\d+(?:[._]\d+)*$/.test(version)) return null;
  const parts = version.split(/[._]/);
  while (parts.length > 1 && stripZeros(parts.at(-1) ?? '') === '0') parts.pop();
  return parts;
}

function isPlainTimestamp(version: string): boolean {
  return version.length === 14 && version.startsWith('20') && isAllDigits(version);
}

function isAllDigits(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (!isDigit(text.charCodeAt(index))) return false;
  return text !== '';
}

function stripZeros(digits: string): string {
  return digits.startsWith('0') ? digits.replace(/^0+(?=\d)/, '') : digits;
}

/** Digits that compare as strings the way they do as numbers, whatever their length. */
function sized(digits: string): string {
  const significant = stripZeros(digits);
  return `${String(significant.length).padStart(3, '0')}${significant}`;
}

/** Seventeen calendar digits (YYYYMMDDHHMMSSmmm and more for finer forms), or null for a mere number. */
function parseMoment(digits: string): string | null {
  switch (digits.length) {
    case 8:
    case 12:
      return isCalendarDay(digits) ? digits.padEnd(17, '0') : null;
    case 14:
    case 17:
    case 18:
      return hasYear(digits) ? digits.padEnd(17, '0') : null;
    case 10:
      // A day and a counter (2024010103) before seconds since 1970: as seconds it would lie in 2032 or later.
      return isCalendarDay(digits) ? digits.padEnd(17, '0') : parseEpoch(digits, 1000);
    case 13:
      return parseEpoch(digits, 1);
    case 16:
      return parseEpoch(digits, 0.001);
    default:
      return null;
  }
}

function hasYear(digits: string): boolean {
  return /^(?:19[7-9]|2\d{2})\d/.test(digits);
}

function isCalendarDay(digits: string): boolean {
  return hasYear(digits) && /^\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])/.test(digits);
}

function parseEpoch(digits: string, unitMs: number): string | null {
  // Zero-padded counters of this width are no moments.
  if (digits.startsWith('0')) return null;
  const date = new Date(Number(digits) * unitMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replaceAll(/\D/g, '');
}

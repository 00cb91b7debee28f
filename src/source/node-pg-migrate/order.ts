/**
 * The order of node-pg-migrate 9: by the number that a name begins with, and names of one number as people sort, blind
 * to punctuation. Seventeen digits are a date in UTC, and count as its milliseconds since 1970.
 */
export function compareNames(a: string, b: string): number {
  return (numberOf(a) ?? 0) - (numberOf(b) ?? 0) || asPeopleSort(a, b);
}

/** The number that a file name begins with; null where it begins with none. */
export function numberOf(fileName: string): number | null {
  const digits = /^\d+/.exec(fileName)?.[0];
  if (digits === undefined) return null;
  return digits.length === 17 ? momentOf(digits) : Number(digits);
}

function momentOf(digits: string): number {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(digits) ?? [];
  const [year, month, day, hour, minute, second, ms] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
}

const asPeopleSort = new Intl.Collator(undefined, {
  usage: 'sort',
  numeric: true,
  sensitivity: 'variant',
  ignorePunctuation: true,
}).compare;

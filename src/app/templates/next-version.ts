import { compareVersions, isMomentVersion, momentDigits } from '../../migration/version.js';

/**
 * The version of a new migration: later than every one there is. Where the folder counts (`0001`, `0002`), it counts
 * on in the same width; otherwise it is the present time in UTC as YYYYMMDDHHMMSS.
 */
export function nextVersion(existing: readonly string[], nowMs: number): string {
  const newest = existing.toSorted(compareVersions).at(-1);
  if (newest !== undefined && existing.every(isCounter)) return countOn(newest);
  const now = timestamp(new Date(nowMs));
  if (newest === undefined || compareVersions(now, newest) > 0) return now;
  return afterMoment(momentDigits(newest) ?? now);
}

function isCounter(version: string): boolean {
  return /^\d+$/.test(version) && !isMomentVersion(version);
}

function countOn(version: string): string {
  return String(BigInt(version) + 1n).padStart(version.length, '0');
}

function timestamp(date: Date): string {
  return date.toISOString().replaceAll(/\D/g, '').slice(0, 14);
}

/** One second later; where the digits are no time of day (a counter was added to them), one more. */
function afterMoment(digits: string): string {
  const seconds = digits.slice(0, 14);
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(seconds) ?? [];
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(date.getTime()) || timestamp(date) !== seconds) return countOn(seconds);
  return timestamp(new Date(date.getTime() + 1000));
}

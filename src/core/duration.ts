const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  msec: 1,
  millisecond: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** What a duration may look like, for messages. */
export const durationForms: string = "'250ms', '2s', '5 min', '1h', '1h 30m', or a number of milliseconds";

/**
 * The longest timeout that PostgreSQL (an integer of milliseconds, see `lock_timeout`) and Node's timers can hold:
 * 2^31 - 1 milliseconds, a little under 25 days.
 */
export const maxTimeoutMs: number = 2_147_483_647;

/** Milliseconds of a duration, rounded to whole ones; null when the text is no duration. A bare number is milliseconds. */
export function parseDuration(value: string | number): number | null {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value) : null;
  const text = value.trim().toLowerCase();
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.round(Number(text));
  if (!/^(?:\d+(?:\.\d+)?\s*[a-z]+\s*)+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    const factor = Object.hasOwn(unitMs, unit ?? '') ? unitMs[unit ?? ''] : undefined;
    if (factor === undefined) return null;
    total += Number(amount) * factor;
  }
  return Math.round(total);
}

/** A duration for people: `250ms`, `1.5s`, `2m 5s`, `3h`, `1d 4h`. At most two units, so that it stays short. */
export function formatDuration(ms: number): string {
  if (ms < 1000) {
    const whole = Math.round(ms);
    if (whole < 1000) return `${whole}ms`;
  }
  if (ms < 59_950) {
    const seconds = ms < 9_995 ? Number((ms / 1000).toFixed(2)) : Number((ms / 1000).toFixed(1));
    return `${seconds}s`;
  }
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return twoUnits(seconds, { big: 60, bigName: 'm', smallName: 's' });
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1440) return twoUnits(minutes, { big: 60, bigName: 'h', smallName: 'm' });
  return twoUnits(Math.round(ms / 3_600_000), { big: 24, bigName: 'd', smallName: 'h' });
}

function twoUnits(amount: number, units: { big: number; bigName: string; smallName: string }): string {
  const rest = amount % units.big;
  const whole = `${Math.floor(amount / units.big)}${units.bigName}`;
  return rest === 0 ? whole : `${whole} ${rest}${units.smallName}`;
}

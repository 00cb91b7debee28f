// Medians and ranges; ratios are made of pairs that were measured in the same round.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median, smallest, largest and count; null when there is nothing to sum up. */
export function summary(values) {
  const known = values.filter((value) => Number.isFinite(value));
  if (known.length === 0) return null;
  return { median: median(known), min: Math.min(...known), max: Math.max(...known), count: known.length };
}

/** The ratio of `field` of two contestants, round by round; rounds in which one of them failed do not count. */
export function pairedRatios(ours, theirs, field) {
  const byRound = new Map(theirs.filter((run) => run.ok).map((run) => [run.round, run]));
  return ours
    .filter((run) => run.ok && byRound.has(run.round))
    .map((run) => run[field] / byRound.get(run.round)[field]);
}

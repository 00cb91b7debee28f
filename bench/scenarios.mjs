// What is run, in which order, and how often. A scenario is one verb at one size; every contestant of a scenario runs
// once per round, the order turned round from one round to the next, so that all meet the same weather.

/** Rounds of a full run and of a quick one; rivals run in the first of them only. */
const rounds = {
  start: { full: 21, quick: 9, rivals: 7 },
  'up-10': { full: 15, quick: 5, rivals: 5 },
  'up-100': { full: 11, quick: 5, rivals: 3 },
  'up-1000': { full: 7, quick: 3, rivals: 3 },
  'up-5000': { full: 5, quick: 1, rivals: 1 },
  ts: { full: 5, quick: 2, rivals: 2 },
  'one-1000': { full: 5, quick: 2, rivals: 0 },
  'one-5000': { full: 3, quick: 1, rivals: 0 },
  status: { full: 15, quick: 7, rivals: 3 },
  noop: { full: 15, quick: 7, rivals: 3 },
  resume: { full: 9, quick: 5, rivals: 0 },
  down: { full: 5, quick: 2, rivals: 2 },
  long: { full: 7, quick: 3, rivals: 0 },
  quick: { full: 7, quick: 3, rivals: 0 },
  first: { full: 5, quick: 3, rivals: 0 },
};

/**
 * The scenarios of a run. Rolling back frees thousands of inodes, which slows what creates files after it, so it
 * comes after everything that creates many; the single transactions need another server setting, so they lie together.
 */
export function listScenarios({ cast, options }) {
  const {
    node,
    starts,
    ours,
    oursSynchronous,
    resumed,
    observers,
    floor,
    psql,
    typescript,
    rivals,
    typescriptRivals,
  } = cast;
  const measured = [psql, floor, ours].filter(Boolean);
  const { sizes } = options;
  const large = sizes.filter((size) => size >= 1000);
  const thousand = sizes.filter((size) => size === 1000);
  const up = sizes.map((count) => ({
    id: `up-${count}`,
    verb: 'up',
    count,
    contestants: count === 1000 ? [...measured, oursSynchronous] : measured,
    rivals: count < 5000 || options.rivals5000 ? rivals : [],
  }));
  const all = [
    { id: 'start', verb: 'start', count: 0, contestants: [node, ...starts], rivals },
    { id: 'first', verb: 'first', count: 3, contestants: [ours], rivals: [] },
    ...up,
    ...thousand.map((count) => ({
      id: `ts-${count}`,
      verb: 'up',
      count,
      contestants: [ours, ...typescript],
      rivals: typescriptRivals,
      warm: [...typescript, ...typescriptRivals],
    })),
    ...thousand.map((count) => ({
      id: `quick-${count}`,
      verb: 'up',
      count,
      contestants: [ours, observers.quick],
      rivals: [],
    })),
    { id: 'long-3', verb: 'up', count: 3, contestants: observers.long, rivals: [] },
    ...large.map((count) => repeatable('status', count)),
    ...large.map((count) => repeatable('noop', count)),
    ...large.map((count) => ({
      id: `resume-${count}`,
      verb: 'resume',
      count,
      contestants: resumed,
      rivals: [],
    })),
    ...sizes
      .filter((count) => count >= 5000)
      .map((count) => ({ id: `refusal-${count}`, verb: 'refusal', count, contestants: [ours], rivals: [] })),
    ...large.map((count) => ({
      id: `one-${count}`,
      verb: 'one',
      count,
      contestants: measured,
      rivals: [],
      settings: { max_locks_per_transaction: 1024 },
    })),
    ...thousand.map((count) => ({ id: `down-${count}`, verb: 'down', count, contestants: measured, rivals })),
  ];
  function repeatable(verb, count) {
    return {
      id: `${verb}-${count}`,
      verb,
      count,
      contestants: [floor, ours],
      rivals: count === 1000 ? rivals : [],
    };
  }
  const wanted = (id) => options.rows === null || options.rows.some((part) => id.includes(part));
  return all
    .filter(({ id }) => wanted(id))
    .map((scenario) => ({ ...scenario, ...roundsOf(scenario.id, options) }));
}

function roundsOf(id, options) {
  const found = rounds[id] ?? rounds[id.split('-')[0]] ?? { full: 1, quick: 1, rivals: 0 };
  const own = options.rounds ?? (options.quick ? found.quick : found.full);
  return { rounds: own, rivalRounds: Math.min(own, options.quick ? 1 : found.rivals) };
}

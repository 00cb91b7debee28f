// The table of speeds that Lockkeeper promises, as checks on the records of a run.
import { median, pairedRatios, summary } from './statistics.mjs';

const wall = { field: 'wallMs', name: 'wall time' };
const cpu = { field: 'cpuMs', name: 'client CPU' };

export const checks = [
  ratio({ id: 'start', what: '`--help`', key: 'help', against: 'node', atMost: 1.3 }),
  ratio({ id: 'start', what: '`--version`', key: 'version', against: 'node', atMost: 1.3 }),
  ...[1000, 5000].flatMap((count) => [
    ratio({
      id: `status-${count}`,
      what: `\`status\`, ${spaced(count)} applied`,
      against: 'floor',
      atMost: 1.2,
    }),
    memory({ id: `status-${count}`, what: `\`status\`, ${spaced(count)} applied`, atMost: 80 }),
  ]),
  ratio({ id: 'up-10', what: '`up`, 10 files', against: 'floor', atMost: 1.5 }),
  ratio({ id: 'up-100', what: '`up`, 100 files', against: 'floor', atMost: 1.35 }),
  ...[1000, 5000].flatMap((count) => [
    ratio({ id: `up-${count}`, what: `\`up\`, ${spaced(count)} files`, against: 'psql', atMost: 1.1 }),
    ratio({
      id: `up-${count}`,
      what: `\`up\`, ${spaced(count)} files`,
      against: 'floor',
      measure: cpu,
      atMost: 2,
    }),
    memory({ id: `up-${count}`, what: `\`up\`, ${spaced(count)} files`, atMost: 120 }),
    ratio({ id: `up-${count}`, what: `\`up\`, ${spaced(count)} files`, against: 'floor' }),
  ]),
  ratio({
    id: 'up-1000',
    what: '`up`, 1,000 files, `synchronousCommit: true`',
    key: 'synchronous',
    against: 'psql',
  }),
  growth({ what: '`up`, cost per file at 5,000 against 100', atMost: 1.25 }),
  ...[1000, 5000].map((count) =>
    ratio({
      id: `one-${count}`,
      what: `\`up --single-transaction\`, ${spaced(count)} files`,
      against: 'psql',
      atMost: 1.1,
    }),
  ),
  refusal({
    id: 'refusal-5000',
    what: '`up --single-transaction`, 5,000 files, default `max_locks_per_transaction`',
  }),
  ratio({ id: 'noop-1000', what: '`up` with nothing pending, 1,000 applied', against: 'floor' }),
  ratio({ id: 'noop-5000', what: '`up` with nothing pending, 5,000 applied', against: 'floor', atMost: 1.2 }),
  ...[1000, 5000].map((count) =>
    ratio({
      id: `resume-${count}`,
      what: `\`up\` after a crash in an index build, ${spaced(count)} applied`,
      key: 'resumed',
      against: 'nothing-pending',
      atMost: count === 5000 ? 1.3 : undefined,
    }),
  ),
  ratio({ id: 'down-1000', what: '`down --all`, 1,000', against: 'psql', atMost: 1.15 }),
  ratio({
    id: 'ts-1000',
    what: '`up`, 1,000 TypeScript files (SQL strings), warm cache',
    key: 'ours-ts-strings',
    against: 'ours',
    atMost: 1.3,
  }),
  ratio({
    id: 'ts-1000',
    what: '`up`, 1,000 TypeScript files (async functions), warm cache',
    key: 'ours-ts-code',
    against: 'ours',
    atMost: 1.3,
  }),
  ratio({
    id: 'quick-1000',
    what: '`up`, 1,000 files, observer on',
    against: 'unobserved',
    atMost: 1.03,
  }),
  ratio({
    id: 'long-3',
    what: '`up`, 3 tables of 1,000,000 rows and their indexes, observer on',
    key: 'observed',
    against: 'unobserved',
    atMost: 1.03,
  }),
  absolute({ id: 'first', what: 'first command: from nothing to a migrated embedded database', atMost: 1.5 }),
];

export function spaced(number) {
  return number.toLocaleString('en-US');
}

const againstNames = {
  node: 'node -e 0',
  floor: 'floor script',
  psql: 'psql',
  ours: 'its SQL files',
  unobserved: '`--no-observer`',
  'nothing-pending': '`up` with nothing pending',
};

function of(records, id, key) {
  return records.filter((each) => each.scenario === id && each.key === key);
}

/** Without `atMost` the line is for information. */
function ratio({ id, what, key = 'ours', against, measure = wall, atMost }) {
  return (records) => {
    const [ours, theirs] = [of(records, id, key), of(records, id, against)];
    if (ours.length === 0) return null;
    const found = summary(pairedRatios(ours, theirs, measure.field));
    const each = [ours, theirs].map((runs) =>
      summary(runs.filter((run) => run.ok).map((run) => run[measure.field])),
    );
    return {
      what: `${what}: ${measure.name} ÷ ${againstNames[against]}`,
      ours: milliseconds(each[0]),
      against: milliseconds(each[1]),
      found: found === null ? failure(ours, theirs) : `${range(found)}, n = ${found.count}`,
      target: atMost === undefined ? null : `≤ ${atMost}`,
      verdict: verdict(found?.median, atMost),
    };
  };
}

function memory({ id, what, atMost }) {
  return (records) => {
    const runs = of(records, id, 'ours');
    if (runs.length === 0) return null;
    const found = summary(runs.filter((run) => run.ok && run.rssMb !== null).map((run) => run.rssMb));
    return {
      what: `${what}: peak memory`,
      ours: found === null ? '–' : `${found.max.toFixed(0)} MB`,
      against: '',
      found: found === null ? failure(runs, []) : `${found.min.toFixed(1)}–${found.max.toFixed(1)} MB`,
      target: `≤ ${atMost} MB`,
      verdict: verdict(found?.max, atMost),
    };
  };
}

/** Start-up is part of the 100 files, so what one more file costs is told beside it. */
function growth({ what, atMost }) {
  return (records) => {
    const at = (count) => {
      const runs = of(records, `up-${count}`, 'ours').filter((run) => run.ok);
      return runs.length === 0 ? null : median(runs.map((run) => run.wallMs));
    };
    const [t10, t100, t1000, t5000] = [10, 100, 1000, 5000].map(at);
    if (t100 === null || t5000 === null) return null;
    const found = t5000 / 5000 / (t100 / 100);
    const marginal =
      t10 === null || t1000 === null
        ? ''
        : `; one more file: ${((t5000 - t1000) / 4000).toFixed(2)} ms at 1,000 → 5,000, ${((t100 - t10) / 90).toFixed(2)} ms at 10 → 100`;
    return {
      what,
      ours: `${(t5000 / 5000).toFixed(2)} ms`,
      against: `${(t100 / 100).toFixed(2)} ms`,
      found: `${found.toFixed(2)}${marginal}`,
      target: `≤ ${atMost}`,
      verdict: verdict(found, atMost),
    };
  };
}

function refusal({ id, what }) {
  return (records) => {
    const [run] = of(records, id, 'ours');
    if (run === undefined) return null;
    return {
      what,
      ours: run.wallMs === undefined ? '–' : `${run.wallMs.toFixed(0)} ms`,
      against: '',
      found: run.ok ? `refused, exit status ${run.code}, nothing made` : failure([run], []),
      target: 'refused before it starts, with the figure',
      verdict: run.ok ? 'pass' : 'MISS',
    };
  };
}

function absolute({ id, what, atMost }) {
  return (records) => {
    const runs = of(records, id, 'ours');
    if (runs.length === 0) return null;
    const found = summary(runs.filter((run) => run.ok).map((run) => run.wallMs / 1000));
    return {
      what,
      ours: found === null ? '–' : `${found.median.toFixed(2)} s`,
      against: '',
      found: found === null ? failure(runs, []) : `${range(found)} s, n = ${found.count}`,
      target: `≤ ${atMost} s`,
      verdict: verdict(found?.median, atMost),
    };
  };
}

function verdict(value, atMost) {
  if (atMost === undefined) return '';
  return value !== undefined && value <= atMost ? 'pass' : 'MISS';
}

function failure(ours, theirs) {
  const failed = [...ours, ...theirs].find((run) => !run.ok);
  if (failed) return `${failed.label} failed`;
  return theirs.length === 0 ? 'nothing to compare with' : 'not measured';
}

export const range = ({ median, min, max }) => `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;

export function milliseconds(found) {
  if (found === null) return '–';
  return found.median < 10_000 ? `${found.median.toFixed(0)} ms` : `${(found.median / 1000).toFixed(2)} s`;
}

import { defaultRun, type RunOptions } from '../execute/options.js';
import { defaultHistory, type HistoryOptions } from '../history/options.js';
import { durationForms, formatDuration, maxTimeoutMs, parseDuration } from '../core/duration.js';
import type { OutOfOrder } from '../plan/options.js';
import type { Candidate, Explanation } from './explain.js';
import { problem } from './problems.js';
import type { SettingsConfig } from './public.js';
import type { Origin } from './resolved.js';
import { configOrigin, sectionOrigin, type SourceRequest } from './sources.js';

export interface SettingsRequest extends SourceRequest {
  readonly explanation: Explanation;
}

/** What the environment's section says about something, then what the whole configuration says. */
export function configured<Value>(
  request: SourceRequest,
  read: (settings: SettingsConfig) => Value | undefined,
  text: (value: Value) => string,
): Candidate<Value>[] {
  const places: [SettingsConfig | null, Origin][] = [
    [request.environment.section, sectionOrigin(request)],
    [request.config, configOrigin(request)],
  ];
  return places.flatMap(([settings, origin]) => {
    const value = settings === null ? undefined : read(settings);
    return value === undefined ? [] : [{ value, text: text(value), origin }];
  });
}

/** The budgets of a run. */
export function resolveRun(request: SettingsRequest): RunOptions {
  return {
    lockTimeoutMs: duration(request, 'lockTimeout', { byDefault: defaultRun.lockTimeoutMs, zero: 'none' }),
    statementTimeoutMs: duration(request, 'statementTimeout', {
      byDefault: defaultRun.statementTimeoutMs,
      zero: 'none',
    }),
    lockWaitMs: duration(request, 'lockWait', { byDefault: defaultRun.lockWaitMs, zero: 'not at all' }),
    concurrentDeadlineMs: duration(request, 'concurrentDeadline', {
      byDefault: defaultRun.concurrentDeadlineMs,
      zero: 'none',
    }),
    cancelBlockersAfterMs: duration(request, 'cancelBlockersAfter', {
      byDefault: defaultRun.cancelBlockersAfterMs,
      zero: 'never',
    }),
    observer: observer(request),
    leaseTimeoutMs: leaseTimeout(request),
    lockRetries: lockRetries(request),
    synchronousCommit: synchronousCommit(request),
  };
}

/** So short that a heartbeat can be late, or so long that a dead run stands in the way for hours. */
const leaseLimits = { shortest: 300, longest: 3_600_000 };

function leaseTimeout(request: SettingsRequest): number {
  const byDefault = defaultRun.leaseTimeoutMs;
  const chosen = duration(request, 'leaseTimeout', { byDefault, zero: 'none' });
  if (chosen >= leaseLimits.shortest && chosen <= leaseLimits.longest) return chosen;
  const message = `leaseTimeout is ${formatDuration(chosen)}. Accepted: a duration from 300ms to 1h.`;
  request.problems.push(problem({ message, details: { key: 'leaseTimeout' } }));
  return byDefault;
}

type DurationKey =
  | 'lockTimeout'
  | 'statementTimeout'
  | 'lockWait'
  | 'concurrentDeadline'
  | 'cancelBlockersAfter'
  | 'leaseTimeout';

function duration(
  request: SettingsRequest,
  key: DurationKey,
  as: { readonly byDefault: number; readonly zero: string },
): number {
  const show = (ms: number): string => (ms === 0 ? as.zero : formatDuration(ms));
  const flag = key === 'leaseTimeout' ? undefined : request.input[key];
  const said = flag === undefined ? null : parseDuration(flag);
  const refused = flag !== undefined && (said === null || said > maxTimeoutMs);
  if (refused) {
    const message = `${key} is ${JSON.stringify(flag)}. Accepted: a duration up to 24 days: ${durationForms}.`;
    request.problems.push(problem({ message, details: { option: key } }));
  }
  const chosen = request.explanation.choose<number>(key, [
    said === null || refused
      ? null
      : { value: said, text: show(said), origin: { kind: 'flag', option: key } },
    ...configured(request, (settings) => parsed(settings[key]), show),
    { value: as.byDefault, text: show(as.byDefault), origin: { kind: 'default' } },
  ]);
  return chosen?.value ?? as.byDefault;
}

function parsed(value: string | number | undefined): number | undefined {
  return value === undefined ? undefined : (parseDuration(value) ?? undefined);
}

function observer(request: SettingsRequest): boolean {
  const flag = request.input.observer;
  const chosen = request.explanation.choose<boolean>('observer', [
    flag === undefined
      ? null
      : { value: flag, text: String(flag), origin: { kind: 'flag', option: 'observer' } },
    ...configured(request, (settings) => settings.observer, String),
    { value: defaultRun.observer, text: String(defaultRun.observer), origin: { kind: 'default' } },
  ]);
  return chosen?.value ?? defaultRun.observer;
}

function synchronousCommit(request: SettingsRequest): boolean {
  const { synchronousCommit: byDefault } = defaultRun;
  const chosen = request.explanation.choose<boolean>('synchronousCommit', [
    ...configured(request, (settings) => settings.synchronousCommit, String),
    { value: byDefault, text: String(byDefault), origin: { kind: 'default' } },
  ]);
  return chosen?.value ?? byDefault;
}

function lockRetries(request: SettingsRequest): number {
  const flag = request.input.lockRetries;
  const refused = flag !== undefined && !(Number.isInteger(flag) && flag >= 0 && flag <= 10_000);
  if (refused) {
    const message = `lockRetries is ${String(flag)}. Accepted: a whole number from 0 to 10000.`;
    request.problems.push(problem({ message, details: { option: 'lockRetries' } }));
  }
  const chosen = request.explanation.choose<number>('lockRetries', [
    flag === undefined || refused
      ? null
      : { value: flag, text: String(flag), origin: { kind: 'flag', option: 'lockRetries' } },
    ...configured(request, (settings) => settings.lockRetries, String),
    { value: defaultRun.lockRetries, text: String(defaultRun.lockRetries), origin: { kind: 'default' } },
  ]);
  return chosen?.value ?? defaultRun.lockRetries;
}

/** Refused where protected, because there nobody expects a surprise; told otherwise. */
export function resolveOutOfOrder(request: SettingsRequest): OutOfOrder {
  const byDefault: OutOfOrder = request.environment.info.protected ? 'refuse' : 'warn';
  const chosen = request.explanation.choose<OutOfOrder>('outOfOrder', [
    ...configured(request, (settings) => settings.outOfOrder, String),
    { value: byDefault, text: byDefault, origin: { kind: 'default' } },
  ]);
  return chosen?.value ?? byDefault;
}

/** Schema and table of the history. MIGRATION_TABLE_NAME names the table, or both as `schema.table`. */
export function resolveHistory(request: SettingsRequest): HistoryOptions {
  const variable = request.variables.get('MIGRATION_TABLE_NAME');
  const named = variable === null ? null : parseTableName(variable.value);
  if (variable !== null && named === null) {
    const message = `The variable MIGRATION_TABLE_NAME is ${JSON.stringify(variable.value)}. Accepted: "table" or "schema.table", each of 1 to 63 bytes.`;
    request.problems.push(problem({ message, details: { variable: variable.name } }));
  }
  const choose = (part: 'schema' | 'table'): string => {
    const value = named?.[part];
    const chosen = request.explanation.choose<string>(`history.${part}`, [
      variable === null || value === undefined ? null : { value, text: value, origin: variable.origin },
      ...configured(request, (settings) => settings.history?.[part], String),
      { value: defaultHistory[part], text: defaultHistory[part], origin: { kind: 'default' } },
    ]);
    return chosen?.value ?? defaultHistory[part];
  };
  const history = { schema: choose('schema'), table: choose('table') };
  // PostgreSQL keeps such names for itself (manual, CREATE SCHEMA).
  if (/^pg_/i.test(history.schema)) {
    const message = `The history cannot be kept in the schema "${history.schema}": names that begin with pg_ belong to PostgreSQL.`;
    request.problems.push(problem({ message, details: { key: 'history.schema' } }));
  }
  return history;
}

/** `table`, `schema.table`, and either of them in double quotes. */
function parseTableName(text: string): { schema?: string; table: string } | null {
  const found = /^(?:(?:"((?:[^"]|"")+)"|([^".]+))\.)?(?:"((?:[^"]|"")+)"|([^".]+))$/.exec(text.trim());
  if (found === null) return null;
  const [, quotedSchema, plainSchema, quotedTable, plainTable] = found;
  const schema = quotedSchema?.replaceAll('""', '"') ?? plainSchema;
  const table = quotedTable?.replaceAll('""', '"') ?? plainTable;
  const fits = (name: string): boolean => Buffer.byteLength(name) <= 63 && !name.includes('\0');
  if (table === undefined || !fits(table) || (schema !== undefined && !fits(schema))) return null;
  return schema === undefined ? { table } : { schema, table };
}

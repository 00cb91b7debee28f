// The tables of docs/configuration.md, from the doc comments of src/config/public.ts.
import { code, fillRegions, table } from './markdown.mjs';

/** Region of the page, and the interface whose own keys it lists. */
const regions = {
  connection: 'ConnectionConfig',
  settings: 'SettingsConfig',
  environment: 'EnvironmentConfig',
  whole: 'LockkeeperConfig',
  migrations: 'MigrationsConfig',
  history: 'HistoryConfig',
  seeds: 'SeedsConfig',
  log: 'LogConfig',
  metrics: 'MetricsConfig',
  webhook: 'WebhookConfig',
  ssl: 'SslConfig',
  pool: 'PoolConfig',
};

export function fillConfiguration(page, types) {
  const tables = Object.entries(regions).map(([name, type]) => [name, renderKeys(types, types.get(type))]);
  return fillRegions(page, Object.fromEntries(tables));
}

function renderKeys(types, { members }) {
  const undocumented = members.filter((member) => member.doc === '').map((member) => member.name);
  if (undocumented.length > 0)
    throw new Error(`src/config/public.ts has no doc comment for ${undocumented.join(', ')}.`);
  const rows = members.map(({ name, type, doc, byDefault }) => [
    code(name),
    code(spelledOut(types, type)),
    byDefault === null ? doc : `${doc} **Default:** ${shownDefault(byDefault)}`,
  ]);
  return table(['key', 'type', 'meaning'], rows);
}

/** A literal is set as code, a sentence is not. */
function shownDefault(text) {
  const [, literal, rest = ''] = /^('[^']*'|\d+|true|false)(.*)$/.exec(text) ?? [];
  return literal === undefined ? `${text}.` : `${code(literal)}${rest}.`;
}

/** `OutOfOrder` says nothing to a reader; `'allow' | 'warn' | 'refuse'` does. */
function spelledOut(types, type) {
  return type.replaceAll(/\b(?:OutOfOrder|SslMode)\b/g, (name) => types.get(name).type);
}

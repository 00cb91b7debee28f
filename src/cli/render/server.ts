import type { DatabaseServerReport } from '../../app/lockkeeper.js';
import { redactUrl } from '../../core/redact.js';
import type { Look } from '../look.js';
import { oneLine } from './text.js';

/** Whether the embedded server runs, and where. Its password is shown by `db url` alone, where it is the answer. */
export function renderServer(report: DatabaseServerReport, program: string, look: Look): string {
  const done = look.style.green(look.symbol.done);
  const state = report.running
    ? `${done} The embedded PostgreSQL is running.`
    : report.stopped === true
      ? `${done} The embedded PostgreSQL was stopped. Its data stays.`
      : `${look.style.dim(look.symbol.pending)} The embedded PostgreSQL is not running.`;
  const facts: readonly (readonly [string, string | number | null])[] = [
    ['version', report.version],
    ['process', report.pid],
    ['port', report.port],
    ['folder', report.dir],
    ['url', report.url === null ? null : redactUrl(report.url)],
    ['connect', report.url === null ? null : `psql "$(${program} db url)"`],
  ];
  const lines = facts.flatMap(([label, value]) =>
    value === null ? [] : [`    ${look.style.dim(label.padEnd(7))}  ${oneLine(String(value))}`],
  );
  return [state, ...lines].join('\n');
}

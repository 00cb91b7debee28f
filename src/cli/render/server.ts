import type { DatabaseServerReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { oneLine } from './text.js';

/** Whether the embedded server runs, and where. The address is the one secret that is the answer. */
export function renderServer(report: DatabaseServerReport, look: Look): string {
  const state = report.running
    ? `${look.style.green(look.symbol.done)} The embedded PostgreSQL is running.`
    : `${look.style.dim(look.symbol.pending)} The embedded PostgreSQL is not running.`;
  const facts: readonly (readonly [string, string | number | null])[] = [
    ['version', report.version],
    ['process', report.pid],
    ['port', report.port],
    ['folder', report.dir],
    ['url', report.url],
  ];
  const lines = facts.flatMap(([label, value]) =>
    value === null ? [] : [`    ${look.style.dim(label.padEnd(7))}  ${oneLine(String(value))}`],
  );
  return [state, ...lines].join('\n');
}

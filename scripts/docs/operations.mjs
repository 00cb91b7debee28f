// The table of docs/operations.md, from the list of metrics.
import { code, fillRegions, table } from './markdown.mjs';

export function fillOperations(page, { metrics }) {
  const rows = Object.entries(metrics).map(([name, { type, help }]) => [code(name), type, help]);
  return fillRegions(page, { metrics: table(['metric', 'type', 'meaning'], rows) });
}

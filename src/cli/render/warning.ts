import type { Warning } from '../../core/report.js';
import type { Look } from '../look.js';
import { hanging } from './error.js';
import { indent, proseWidth, safe, wrap } from './text.js';

/** One remark, with its way out below it. */
export function renderWarning(warning: Warning, look: Look): string {
  const first = hanging(look.style.yellow(look.symbol.warning), (text) => text, warning.message, look);
  if (warning.hint === undefined) return indent(first, 2);
  const hint = wrap(safe(warning.hint), proseWidth(look.width) - 4).map(
    (line) => `  ${look.style.dim(line)}`,
  );
  return indent([first, ...hint].join('\n'), 2);
}

import type { ErrorJson } from '../../core/errors.js';
import type { Look } from '../look.js';
import { renderLocation } from './excerpt.js';
import { counted } from './format.js';
import { indent, oneLine, proseWidth, safe, wrap } from './text.js';

const mostProblems = 20;

/** The page of one error: what happened, where, the way out, and the code to look up. */
export function renderError(error: ErrorJson, look: Look): string {
  // Who pressed Ctrl-C got what was asked for.
  const sign =
    error.code === 'INTERRUPTED'
      ? look.style.yellow(look.symbol.warning)
      : look.style.red(look.symbol.failed);
  const problems = error.problems ?? [];
  return [
    hanging(sign, look.style.bold, error.message, look),
    ...block(error, look),
    ...(problems.length === 0 ? [] : ['', renderProblems(problems, look)]),
  ].join('\n');
}

/** Several mistakes, one by one. */
export function renderProblems(problems: readonly ErrorJson[], look: Look): string {
  const shown = look.verbose ? problems : problems.slice(0, mostProblems);
  const width = String(shown.length).length;
  const entries = shown.map((problem, index) => {
    const sign = look.style.red(String(index + 1).padStart(width));
    return indent(
      [hanging(sign, (text) => text, problem.message, look), ...block(problem, look)].join('\n'),
      2,
    );
  });
  const rest = problems.length - shown.length;
  if (rest > 0) entries.push(look.style.dim(`  ${counted(rest, 'more problem')}: see --verbose`));
  return entries.join('\n\n');
}

function block(error: ErrorJson, look: Look): readonly string[] {
  const lines: string[] = [];
  if (error.location !== undefined)
    lines.push('', ...renderLocation(error.location, look).map((line) => `  ${line}`));
  lines.push('');
  for (const [label, text] of serverSays(error)) lines.push(labelled(label, text, look));
  if (error.hint !== undefined) lines.push(labelled('Hint', error.hint, look));
  const state = error.details?.['sqlstate'];
  const sqlstate = typeof state === 'string' ? ` ${look.symbol.dot} SQLSTATE ${oneLine(state)}` : '';
  lines.push(`  ${look.style.dim(`${error.code}${sqlstate} ${look.symbol.dot} ${error.docs}`)}`);
  return lines;
}

/** What PostgreSQL added to its message, where it did. */
function serverSays(error: ErrorJson): readonly (readonly [string, string])[] {
  return (['detail', 'where'] as const).flatMap((name) => {
    const text = error.details?.[name];
    return typeof text === 'string' && text !== ''
      ? [[name === 'detail' ? 'Detail' : 'Where', text] as const]
      : [];
  });
}

function labelled(label: string, text: string, look: Look): string {
  const lines = wrap(safe(text), proseWidth(look.width) - label.length - 4);
  const rest = lines.slice(1).map((line) => `  ${' '.repeat(label.length + 2)}${line}`);
  return [`  ${look.style.yellow(label)}  ${lines[0] ?? ''}`, ...rest].join('\n');
}

/** A sign, and the text behind it with all its lines on one edge. */
export function hanging(sign: string, paint: (text: string) => string, text: string, look: Look): string {
  const lines = wrap(safe(text), proseWidth(look.width) - 4);
  return lines.map((line, index) => `${index === 0 ? `${sign} ` : '  '}${paint(line)}`.trimEnd()).join('\n');
}

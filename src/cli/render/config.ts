import type { ConfigReport } from '../../app/lockkeeper.js';
import type { ExplainedValue, Origin } from '../../config/resolved.js';
import type { Look } from '../look.js';
import { renderWarning } from './warning.js';
import { displayWidth, oneLine, padEnd } from './text.js';

/** Every value in force; with `explain`, where it comes from and what it overrides. */
export function renderConfig(report: ConfigReport, explain: boolean, look: Look): string {
  const said = report.values.some((value) => value.origin.kind !== 'default');
  const none = said ? 'none' : 'none, defaults only';
  const file = report.file === null ? look.style.dim(none) : oneLine(report.file);
  const head = [
    `${look.style.bold('Environment')}  ${oneLine(report.environment)}`,
    `${look.style.bold('File')}         ${file}`,
  ];
  const key = Math.max(0, ...report.values.map((value) => displayWidth(oneLine(value.key))));
  const value = Math.min(40, Math.max(0, ...report.values.map((each) => displayWidth(shown(each.value)))));
  const narrow = look.width < key + value + 30;
  const lines = report.values.flatMap((each) => renderValue(each, { key, value, explain, narrow }, look));
  const warned = report.warnings.map((warning) => renderWarning(warning, look));
  return [...head, '', ...lines, ...(warned.length === 0 ? [] : ['', ...warned])].join('\n');
}

interface Layout {
  readonly key: number;
  readonly value: number;
  readonly explain: boolean;
  /** The terminal has no room for three columns: what explains goes below. */
  readonly narrow: boolean;
}

function renderValue(each: ExplainedValue, layout: Layout, look: Look): readonly string[] {
  const start = `  ${padEnd(oneLine(each.key), layout.key)}  `;
  if (!layout.explain) return [`${start}${shown(each.value)}`.trimEnd()];
  const edge = layout.narrow ? '    ' : ' '.repeat(layout.key + layout.value + 6);
  const from = look.style.cyan(describeOrigin(each.origin));
  const first = layout.narrow
    ? [`${start}${shown(each.value)}`, edge + from]
    : [`${start}${padEnd(shown(each.value), layout.value)}  ${from}`];
  const beaten = each.overrides.map((other) =>
    look.style.dim(`${edge}over ${shown(other.value)} (${describeOrigin(other.origin)})`),
  );
  return [...first, ...beaten];
}

function shown(value: string): string {
  return value === '' ? '""' : oneLine(value);
}

function describeOrigin(origin: Origin): string {
  if (origin.kind === 'default') return 'default';
  if (origin.kind === 'config') return oneLine(origin.file);
  if (origin.kind === 'tool')
    return oneLine(origin.file === undefined ? origin.tool : `${origin.file} (${origin.tool})`);
  if (origin.kind === 'flag') return flagOf(origin.option);
  if (origin.kind === 'environment-section') {
    return `${oneLine(origin.file)}, environments.${oneLine(origin.environment)}`;
  }
  return origin.file === undefined ? `$${origin.variable}` : `$${origin.variable} in ${oneLine(origin.file)}`;
}

/** The library says `lockTimeout`, the command line `--lock-timeout`. */
export function flagOf(option: string): string {
  return `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

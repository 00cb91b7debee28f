import type { Warning } from '../core/report.js';

/** What `up` and `down` of a code migration are. */
export interface Ways {
  readonly up: unknown;
  readonly down: unknown;
}

/**
 * A word about a file that is still what a template wrote: applied, it would be on record for good, and whoever fills it
 * in later would wonder why nothing happens. Other tools apply it without one, so it is no reason to refuse.
 */
export function unfilledNote({ up, down }: Ways, shown: string): readonly Warning[] {
  if (!doesNothing(up) || !(isAbsent(down) || doesNothing(down))) return [];
  return [
    {
      code: 'migration-unfilled',
      message: `${shown} does nothing: ${isAbsent(down) ? '"up" is' : '"up" and "down" are'} still empty.`,
      hint: 'Once it is applied, what you write into it does not run by itself: fill it in, then lockkeeper redo.',
    },
  ];
}

const isAbsent = (way: unknown): boolean => way === undefined || way === null || way === false;

/** Longer functions are not looked at: a template with its comments is short. */
const longest = 2000;

function doesNothing(way: unknown): boolean {
  if (typeof way !== 'function') return false;
  const text = way.toString();
  if (text.length > longest) return false;
  const plain = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  return /(?:\)|=>)\s*\{\s*(?:return(?:\s+(?:null|undefined|Promise\.resolve\(\)))?\s*;?\s*)?\}\s*$/.test(
    plain,
  );
}

import { setFlagsFromString } from 'node:v8';

/**
 * Lets V8 wait longer before it compiles a function with its optimizing compiler. A command lives for seconds and
 * waits for the server most of the time: by default a third of what `up` of 1,000 files computes is compiling code
 * that is never slow enough to pay for it. Long work is still optimized, some milliseconds later.
 *
 * V8 reports a flag that it does not know on stderr, so only versions are asked that were measured (Node 20).
 */
export function optimizeLate(v8Version: string): void {
  if (v8Version.startsWith('11.')) setFlagsFromString('--interrupt-budget=600000');
}

import type { FileContext, Includer } from './context.js';
import { refusedStep } from './problem.js';

/** @throws {FOREIGN_STEP_REFUSED} always: a changelog of these kinds is told, and not passed over. */
export function readTreeChangelog(_text: string, context: FileContext, _includer: Includer): void {
  throw refusedStep(
    { path: context.path, file: context.shown, line: 1 },
    'changelogs in XML, YAML and JSON are not read by this version.',
    'Write it as formatted SQL.',
  );
}

import type { VerifyReport } from '../../app/lockkeeper.js';
import type { Look } from '../look.js';
import { renderProblems } from './error.js';
import { counted } from './format.js';
import { renderWarning } from './warning.js';

/** Every problem with its way out, then the sum. */
export function renderVerify(report: VerifyReport, look: Look): string {
  const checked = counted(report.checked, 'migration');
  const warned = report.warnings.length === 0 ? '' : `, ${counted(report.warnings.length, 'warning')}`;
  const conclusion = report.ok
    ? `${look.style.green(`${look.symbol.done} ${checked} checked, no problems`)}${warned}.`
    : `${look.style.red(`${look.symbol.failed} ${checked} checked, ${counted(report.problems.length, 'problem')}`)}${warned}.`;
  return [
    ...(report.problems.length === 0 ? [] : [renderProblems(report.problems, look)]),
    ...report.warnings.map((warning) => renderWarning(warning, look)),
    conclusion,
  ].join('\n\n');
}

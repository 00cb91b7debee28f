import { LockkeeperError } from '../core/errors.js';
import type { RunReport, Warning } from '../core/report.js';
import { withFullStop } from '../core/text.js';
import type { Run } from '../execute/index.js';
import type { RunHook } from '../source/index.js';

/**
 * Runs what another tool runs once around its whole run, as that tool does: under the lock, each script in a
 * transaction of its own, and the ones at the end also where nothing was pending.
 * @throws {MIGRATION_FAILED} for a script that fails; what was applied before it stays applied.
 */
export async function aroundRun(
  run: Run,
  hooks: readonly RunHook[],
  work: () => Promise<RunReport>,
): Promise<RunReport> {
  const runAll = async (when: RunHook['when']): Promise<void> => {
    for (const hook of hooks) if (hook.when === when) await runHook(run, hook);
  };
  await runAll('before');
  const report = await work().catch(async (error: unknown) => {
    if (run.session.lost === null) await runAll('after-error').catch((second) => tell(run, second));
    throw error;
  });
  if (report.applied.length > 0) await runAll('after-applied');
  await runAll('after');
  return report;
}

/** A dry run shows what would be sent for migrations, and only names what stands around them. */
export const hookNote = ({ event, script }: RunHook): Warning => ({
  code: 'callback-not-shown',
  message: `${script.file} would be run, too: ${event}.`,
});

async function runHook({ session, frame }: Run, { event, script, searchPath }: RunHook): Promise<void> {
  if (script.statements.length === 0) return;
  try {
    await session.queryMany('begin');
    if (searchPath !== null) await session.queryMany(`set local search_path to ${searchPath}`);
    await session.queryMany(script.text);
    await session.queryMany('commit');
  } catch (cause) {
    if (session.lost === null) await session.queryMany('rollback');
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new LockkeeperError('MIGRATION_FAILED', {
      message: `The callback ${script.file} (${event}) failed, and was rolled back: ${withFullStop(said)}`,
      hint: 'It runs in a transaction of its own: what was applied before it stays applied. Correct it, and run the command again.',
      location: { file: script.file, line: script.lineOffset + 1, column: 1 },
      details: { callback: event },
      cause,
    });
  } finally {
    // The migrations, and the history that their claims write, begin with the session of the run (ENGINE B12).
    if (session.lost === null) for (const { text } of frame.hygiene) await session.send(text);
  }
}

/** The failure of the run itself is what the user has to see first. */
function tell({ context }: Run, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  context.events.emit('warning', { code: 'callback-failed', message });
}

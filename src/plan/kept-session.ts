import type { Warning } from '../core/report.js';
import type { PlannedMigration } from './plan.js';

/**
 * Settings that one migration makes and the ones behind it find. Ours are put back in between; those of a tool that
 * runs all of them on one connection are not, because its files may rely on it.
 */
export function findKeptSettings(migrations: readonly PlannedMigration[]): readonly Warning[] {
  return migrations.slice(0, -1).flatMap(({ migration, script }): Warning[] => {
    if (migration.keepsSession !== true || script.kind === 'code') return [];
    const labels = script.statements
      .filter(({ traits }) => traits.sessionState === 'set')
      .map(({ traits }) => (traits.label === 'SELECT' ? 'set_config()' : traits.label));
    if (labels.length === 0) return [];
    return [
      {
        code: 'session-kept',
        message: `${script.file}: ${[...new Set(labels)].join(', ')} holds for the migrations behind it in this run, as with the tool that they were written for.`,
        hint: 'SET LOCAL holds for its own transaction only.',
      },
    ];
  });
}

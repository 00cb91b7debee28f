import { describe, expect, it } from 'vitest';
import { chosenServers, patienceMs, rounds, seed, tell, timeIsUp } from './settings.js';
import { Comparer } from './files/compare.js';
import { generateFile, render, type GeneratedFile } from './files/generate.js';
import type { Comparison, Verdict } from './files/judge.js';
import { psql } from './files/oracle.js';

const files = rounds(60);
const workers = 2;

/** A difference, as small as it could be made. */
function show(
  { number, style, pieces }: GeneratedFile,
  bytes: Uint8Array,
  what: Comparison,
  why: string,
): string {
  return [
    `--- file ${number} (${style}, ${pieces.length} pieces): ${why}`,
    // Blank space and marks that do not show decide about much, so they are written as escapes as well.
    Buffer.from(bytes).toString('utf8'),
    JSON.stringify(Buffer.from(bytes).toString('latin1')),
    `psql: ${what.psql.ok ? 'ok' : what.psql.said}`,
    `ours: ${what.ours.ok ? 'ok' : what.ours.problems.map(({ code, message }) => `${code} ${message}`).join('\n      ')}`,
    ...differing(what.afterPsql, what.afterOurs),
  ].join('\n');
}

function differing(theirs: string, ours: string): readonly string[] {
  const [a, b] = [theirs.split('\n'), ours.split('\n')];
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `  psql only: ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `  ours only: ${line}`),
  ].slice(0, 20);
}

describe.skipIf(psql === null).each(chosenServers)('generated files, on PostgreSQL $major', (server) => {
  it('come to what psql makes of them, or are refused with a reason', { timeout: patienceMs }, async () => {
    const counts: Record<string, number> = {
      files,
      differences: 0,
      applied: 0,
      failed: 0,
      refused: 0,
      explained: 0,
    };
    const shown: string[] = [];
    const first = Number(process.env['LOCKKEEPER_TEST_FIRST'] ?? 0);
    let next = first;
    const count = (verdict: Verdict): void => {
      const name =
        verdict.kind === 'same' ? verdict.as : verdict.kind === 'different' ? 'differences' : verdict.kind;
      counts[name] = (counts[name] ?? 0) + 1;
    };
    const work = async (): Promise<void> => {
      const comparer = new Comparer(server);
      try {
        while (next < first + files && !timeIsUp()) {
          const file = generateFile(seed, next++);
          const verdict = await comparer.compare(file);
          count(verdict);
          if (verdict.kind !== 'different' || shown.length >= 25) continue;
          const small = await comparer.shrink(file);
          shown.push(show(small.file, render(small.file), small.comparison, verdict.why));
        }
      } finally {
        await comparer.close();
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
    tell('files', server, { ...counts, files: next - first });
    expect(shown.join('\n\n')).toBe('');
  });
});

/** A command block of a readme, with the output that the readme shows below it. */
export interface ReadmeStep {
  /** What stands in the `sh` block. */
  readonly command: string;
  /** Lines of the `text` block that follows directly; empty when none does. */
  readonly output: readonly string[];
}

/** The `sh` blocks of a readme in order. Blocks of other kinds are for reading only. */
export function readSteps(markdown: string): readonly ReadmeStep[] {
  const blocks = [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return blocks.flatMap(([, language, command = ''], index) => {
    if (language !== 'sh') return [];
    const [, next, output = ''] = blocks[index + 1] ?? [];
    const lines = next === 'text' ? output.split('\n').filter((line) => line.trim() !== '') : [];
    return [{ command: command.trim(), output: lines }];
  });
}

/**
 * The first line that a readme shows and the output does not have, after those before it; null when all are there.
 * `…` stands for anything that differs from run to run, and any blank space is as good as another.
 */
export function findMissingLine(expected: readonly string[], output: string): string | null {
  const printed = output.split('\n').map((line) => line.trim());
  let from = 0;
  for (const line of expected) {
    const pattern = lineToPattern(line.trim());
    const at = printed.findIndex((candidate, index) => index >= from && pattern.test(candidate));
    if (at === -1) return line;
    from = at + 1;
  }
  return null;
}

function lineToPattern(line: string): RegExp {
  const escaped = line.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replace(/\s+/g, String.raw`\s+`).replaceAll('…', '.*')}$`, 'u');
}

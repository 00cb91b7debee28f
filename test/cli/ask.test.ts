import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createAsk } from '../../src/cli/ask.js';
import { FlagValues } from '../../src/cli/flag-values.js';
import type { Host } from '../../src/cli/host.js';
import { createPrinter } from '../../src/cli/printer.js';
import { Talk } from '../../src/cli/talk.js';
import { look } from './support/reports.js';

it('asks in one line on a terminal that does not know its width', async () => {
  let shown = '';
  const stderr = { isTTY: true, columns: 0, write: (text: string) => (shown += text) };
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  const host = { env: {}, platform: 'linux', stdin: () => stdin, stdout: stderr, stderr };
  const ask = createAsk({
    host,
    talk: new Talk(createPrinter(host as unknown as Host, new FlagValues(new Map()))),
    look: look({ width: 80 }),
    signal: new AbortController().signal,
  });
  const answer = ask?.({ verb: 'fresh', message: 'Drop all 4 objects?', plan: [], typed: null });
  await expect.poll(() => shown).toContain('Drop all 4 objects?');
  stdin.write('y');
  expect(await answer).toBe(true);
});

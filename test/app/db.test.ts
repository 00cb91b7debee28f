import { expect, test } from 'vitest';
import { dbStart, dbStatus, dbStop, dbUrl } from '../../src/app/db.js';
import type { ResolvedConfig } from '../../src/config/resolved.js';
import type { Context } from '../../src/core/context.js';
import { Events } from '../../src/core/events.js';

const never = new AbortController().signal;
const context: Context = {
  events: new Events(),
  now: Date.now,
  root: '/',
  stop: { finish: never, cancel: never },
};
const config = {
  root: '/',
  environment: { name: 'production', protected: true, known: [] },
  target: { kind: 'server', connection: { password: 'hidden' } },
} as unknown as ResolvedConfig;

test.each([
  ['start', dbStart],
  ['stop', dbStop],
  ['status', dbStatus],
  ['url', dbUrl],
])('refuses "db %s" in an environment with a database of its own', async (verb, run) => {
  await expect(run(config, context)).rejects.toMatchObject({
    code: 'USAGE_INVALID',
    message: `"db ${verb}" is about the embedded server, and environment "production" has a database of its own.`,
    hint: expect.stringContaining('"embedded"') as string,
    details: { environment: 'production', verb },
  });
});

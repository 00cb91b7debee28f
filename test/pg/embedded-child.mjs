// One step on an embedded server in a process of its own, for tests that kill it or run it as another user.
// Prints one JSON line for each event and for the result.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';

const src = join(dirname(fileURLToPath(import.meta.url)), '../../src');
const jiti = createJiti(import.meta.url, { fsCache: false });
const { Events } = await jiti.import(`${src}/core/events.ts`);

const { verb, target, options, found } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const events = new Events();
events.on('server:create', (event) => say({ event: 'server:create', ...event }));
events.on('server:start', (event) => say({ event: 'server:start', ...event }));
const never = new AbortController().signal;
const context = { events, now: Date.now, root: process.cwd(), stop: { finish: never, cancel: never } };

try {
  if (verb === 'programs') {
    const { preparePrograms } = await jiti.import(`${src}/pg/embedded/binaries.ts`);
    const account = { user: null, mapped: { initdb: false, server: false } };
    say({ result: preparePrograms(found, account) });
  } else {
    const embedded = await jiti.import(`${src}/pg/embedded/index.ts`);
    say({ result: await embedded[verb](target, context, options) });
  }
} catch (error) {
  say({ error: { code: error.code ?? null, message: String(error.message), hint: error.hint ?? null } });
  process.exitCode = 1;
}

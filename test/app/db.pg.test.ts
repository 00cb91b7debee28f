import { mkdtempSync, realpathSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { dbStart, dbStatus, dbStop, dbUrl } from '../../src/app/db.js';
import type { ResolvedConfig } from '../../src/config/resolved.js';
import type { Context } from '../../src/core/context.js';
import { Events } from '../../src/core/events.js';
import type { Target } from '../../src/pg/options.js';

const roots: string[] = [];

afterEach(async () => {
  for (const root of roots.splice(0)) {
    await dbStop(embeddedConfig(root), contextFor(root));
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
});

test('starts a server that stays, shows it, gives its url and stops it', async () => {
  const root = createRoot();
  const [config, context] = [embeddedConfig(root), contextFor(root)];
  const nothing = { running: false, pid: null, port: null, url: null, version: null };
  expect(await dbStatus(config, context)).toMatchObject(nothing);
  const started = await dbStart(config, context);
  expect(started).toMatchObject({ running: true, dir: join(root, '.lockkeeper', 'postgres-18') });
  expect(await dbStatus(config, context)).toEqual(started);
  expect(await dbUrl(config, context)).toBe(started.url);
  expect(await dbStop(config, context)).toMatchObject({ ...nothing, stopped: true });
  expect(await dbStop(config, context)).toMatchObject({ ...nothing, stopped: false });
  expect(await dbStatus(config, context)).toMatchObject(nothing);
});

test('starts the server for its url, which an application can use as it is', async () => {
  const root = createRoot();
  const client = new Client(await dbUrl(embeddedConfig(root), contextFor(root)));
  await client.connect();
  const { rows } = await client.query('select current_database() as database');
  await client.end();
  expect(rows).toEqual([{ database: 'app' }]);
});

function createRoot(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'lockkeeper-db-')));
  chmodSync(root, 0o755);
  roots.push(root);
  return root;
}

function embeddedConfig(root: string): ResolvedConfig {
  const target: Target = {
    kind: 'embedded',
    dir: join(root, '.lockkeeper', 'postgres-18'),
    database: 'app',
    applicationName: 'test',
    role: null,
    searchPath: null,
  };
  return {
    root,
    environment: { name: 'development', protected: false, known: [] },
    target,
  } as unknown as ResolvedConfig;
}

function contextFor(root: string): Context {
  const never = new AbortController().signal;
  return { events: new Events(), now: Date.now, root, stop: { finish: never, cancel: never } };
}

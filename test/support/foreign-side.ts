import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { Lockkeeper } from '../../src/app/lockkeeper.js';
import type { RunReport } from '../../src/core/report.js';
import { assertNothingLeft, createDatabase, tempProject, type TempProject } from './database.js';
import type { TestDatabase, TestServer } from './database.js';
import { repository } from './project.js';

/** A project with a database of its own, for another tool or for Lockkeeper, or for both by turns. */
export interface ForeignSide {
  readonly database: TestDatabase;
  readonly project: TempProject;
  /** The url that both are given; with parameters where there are some. */
  readonly url: string;
  open(): Promise<Lockkeeper>;
  up(options?: Parameters<Lockkeeper['up']>[0]): Promise<RunReport>;
  down(options?: Parameters<Lockkeeper['down']>[0]): Promise<RunReport>;
  /** Versions. */
  pending(): Promise<readonly string[]>;
  applied(): Promise<readonly string[]>;
}

export interface ForeignSideOptions {
  readonly server: TestServer;
  /** Folder below `examples` that is copied. */
  readonly example?: string;
  /** Written over it. */
  readonly files?: Readonly<Record<string, string>>;
  /** Put behind the url: `?schema=app`. */
  readonly parameters?: string;
}

const open: ForeignSide[] = [];

/** To be called after each test: everything must be let go, and goes. */
export async function closeForeignSides(): Promise<void> {
  for (const { database, project } of open.splice(0)) {
    await assertNothingLeft(database);
    await database.drop();
    project.remove();
  }
}

export async function openForeignSide(options: ForeignSideOptions): Promise<ForeignSide> {
  const { server, example, files = {}, parameters = '' } = options;
  const database = await createDatabase(server);
  const project = tempProject();
  if (example !== undefined) {
    cpSync(join(repository, 'examples', example), project.dir, { recursive: true });
  }
  for (const [path, content] of Object.entries(files)) project.write(path, content);
  const url = `${database.url}${parameters}`;
  const create = (): Promise<Lockkeeper> =>
    createLockkeeper({
      cwd: project.dir,
      url,
      variables: { DATABASE_URL: url },
      lockWait: 0,
      ask: () => Promise.resolve(true),
    });
  const side: ForeignSide = {
    database,
    project,
    url,
    open: create,
    up: async (more = {}) => (await (await create()).up(more)) as RunReport,
    down: async (more = {}) => (await (await create()).down(more)) as RunReport,
    pending: async () => (await (await create()).status()).pending.map(({ version }) => version),
    applied: async () => (await (await create()).status()).applied.map(({ version }) => version),
  };
  open.push(side);
  return side;
}

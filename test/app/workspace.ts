import { afterEach } from 'vitest';
import { createLockkeeper } from '../../src/app/create-lockkeeper.js';
import type { Lockkeeper, LockkeeperOptions } from '../../src/app/lockkeeper.js';
import type { LockkeeperError } from '../../src/core/errors.js';
import type { EventMap, EventName } from '../../src/core/events.js';
import type { RunReport } from '../../src/core/report.js';
import type { MigrationFailedError } from '../../src/execute/migration-failed-error.js';
import {
  assertNothingLeft,
  createDatabase,
  createRole,
  latest,
  tempProject,
  type TempProject,
  type TestDatabase,
  type TestRole,
  type TestServer,
} from '../support/database.js';

export interface WorkspaceOptions {
  readonly server?: TestServer;
  /** Content of `lockkeeper.config.json`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What the name of the project folder begins with. */
  readonly prefix?: string;
}

/** A project folder and a database of its own, and the library that works on both. */
export interface Workspace {
  readonly database: TestDatabase;
  readonly project: TempProject;
  /** Writes files below `migrations/`; a text that is an object's value, by file name. */
  write(files: Readonly<Record<string, string | Uint8Array>>): void;
  open(options?: LockkeeperOptions): Promise<Lockkeeper>;
  /** Applies everything; a dry run is never asked for here. */
  up(): Promise<RunReport>;
  role(attributes?: string): Promise<TestRole>;
  /** Versions in the history, in order of application. */
  applied(): Promise<readonly string[]>;
}

export { failure } from '../support/failure.js';

const open: { workspace: Workspace; roles: TestRole[] }[] = [];

/** Every workspace goes after the test that made it, and must have left no session and no lock behind. */
afterEach(async () => {
  for (const { workspace, roles } of open.splice(0)) {
    await assertNothingLeft(workspace.database);
    for (const role of roles) await role.drop();
    await workspace.database.drop();
    workspace.project.remove();
  }
});

export async function createWorkspace(
  files: Readonly<Record<string, string | Uint8Array>> = {},
  options: WorkspaceOptions = {},
): Promise<Workspace> {
  const database = await createDatabase(options.server ?? latest);
  const project = tempProject({}, options.prefix === undefined ? {} : { prefix: options.prefix });
  project.write('migrations/.keep', '');
  if (options.config !== undefined) project.write('lockkeeper.config.json', JSON.stringify(options.config));
  const roles: TestRole[] = [];
  const workspace: Workspace = {
    database,
    project,
    write: (more) => {
      for (const [name, content] of Object.entries(more)) project.write(`migrations/${name}`, content);
    },
    open: (more = {}) =>
      createLockkeeper({ cwd: project.dir, url: database.url, variables: {}, lockWait: 0, ...more }),
    up: async () => (await (await workspace.open()).up()) as RunReport,
    role: async (attributes) => {
      const role = await createRole(database, attributes);
      roles.push(role);
      return role;
    },
    applied: async () => {
      const rows = await database.query<{ version: string }>(
        'select version from lockkeeper.schema_migrations order by seq',
      );
      return rows.map((row) => row.version);
    },
  };
  workspace.write(files);
  open.push({ workspace, roles });
  return workspace;
}

/** The report that a failed run carries. */
export function reportOf(error: LockkeeperError): RunReport {
  const { report } = error as MigrationFailedError;
  if (report === undefined) throw new Error(`The error carries no report: ${error.message}`);
  return report;
}

/** Codes of all problems of an error that may be one or many, in order. */
export function codesOf(error: LockkeeperError): readonly string[] {
  return error.problems.length === 0 ? [error.code] : error.problems.map((problem) => problem.code);
}

/** Everything that one event says from now on. */
export function record<Name extends EventName>(lockkeeper: Lockkeeper, name: Name): EventMap[Name][] {
  const seen: EventMap[Name][] = [];
  lockkeeper.on(name, (payload) => void seen.push(payload));
  return seen;
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { toolsFolder } from './tools.js';

/** The parts of Prisma's own schema engine that its command line is a face of. */
export interface PrismaEngine {
  /** `prisma migrate deploy`: the names of what it applied. */
  deploy(): Promise<readonly string[]>;
  /** `prisma migrate status`. */
  status(): Promise<PrismaStatus>;
  /** `prisma migrate resolve --rolled-back`. */
  resolveRolledBack(migrationName: string): Promise<void>;
  /** `prisma migrate resolve --applied`. */
  resolveApplied(migrationName: string): Promise<void>;
}

export interface PrismaStatus {
  readonly hasMigrationsTable: boolean;
  readonly failedMigrationNames: readonly string[];
  readonly editedMigrationNames: readonly string[];
  /** Null when files and history agree. */
  readonly history: null | {
    readonly diagnostic: 'databaseIsBehind' | 'migrationsDirectoryIsBehind' | 'historiesDiverge';
    readonly unappliedMigrationNames?: readonly string[];
    readonly unpersistedMigrationNames?: readonly string[];
  };
}

/** What Prisma's status is when everything is applied and nothing else is. */
export const upToDate: PrismaStatus = {
  hasMigrationsTable: true,
  failedMigrationNames: [],
  editedMigrationNames: [],
  history: null,
};

interface SchemaEngine {
  applyMigrations(input: object): Promise<{ readonly appliedMigrationNames: readonly string[] }>;
  diagnoseMigrationHistory(input: object): Promise<PrismaStatus>;
  markMigrationRolledBack(input: object): Promise<object>;
  markMigrationApplied(input: object): Promise<object>;
  free(): void;
}

/** The types of Node know nothing of it. */
interface WebAssemblyGlobal {
  instantiate(binary: Uint8Array, imports: object): Promise<{ readonly instance: Wasm }>;
}

interface Wasm {
  readonly exports: Readonly<Record<string, () => void>>;
}

const setWasm = '__wbg_set_wasm';

interface EngineModule {
  readonly SchemaEngine: {
    new: (options: object, log: () => void, adapter: object) => Promise<SchemaEngine>;
  };
  readonly [setWasm]: (exports: Wasm['exports']) => void;
}

interface Adapter {
  readonly client: { query(sql: string): Promise<unknown> };
  executeScript: (script: string) => Promise<void>;
  dispose(): Promise<void>;
}

let loaded: Promise<EngineModule> | null = null;

/** Node cannot import the file of WebAssembly by itself; bundlers do what stands here. */
async function loadEngine(): Promise<EngineModule> {
  const folder = join(toolsFolder, 'node_modules/@prisma/schema-engine-wasm');
  const module = (await importFile(join(folder, 'schema_engine_bg.js'))) as EngineModule;
  const binary = readFileSync(join(folder, 'schema_engine_bg.wasm'));
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyGlobal };
  const { instance } = await WebAssembly.instantiate(binary, { './schema_engine_bg.js': module });
  module[setWasm](instance.exports);
  instance.exports['__wbindgen_start']?.();
  return module;
}

const importFile = async (path: string): Promise<unknown> => await import(pathToFileURL(path).href);

async function withEngine<Result>(
  url: string,
  schema: string,
  action: (engine: SchemaEngine) => Promise<Result>,
): Promise<Result> {
  loaded ??= loadEngine();
  const { SchemaEngine } = await loaded;
  const modules = join(toolsFolder, 'node_modules/@prisma');
  const { PrismaPg } = (await importFile(join(modules, 'adapter-pg/dist/index.mjs'))) as {
    PrismaPg: new (config: object, options: object) => { connect: () => Promise<Adapter> };
  };
  const { bindMigrationAwareSqlAdapterFactory } = (await importFile(
    join(modules, 'driver-adapter-utils/dist/index.mjs'),
  )) as { bindMigrationAwareSqlAdapterFactory: (factory: object) => object };
  const factory = new PrismaPg(
    { connectionString: url, max: 1, options: `-c search_path=${schema}` },
    { schema },
  );
  const opened: Adapter[] = [];
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    // The adapter cuts scripts at every semicolon, those of functions too. Prisma's own program, which is no
    // WebAssembly, sends a script whole, and so does this.
    adapter.executeScript = async (script) => {
      await adapter.client.query(script);
    };
    opened.push(adapter);
    return adapter;
  };
  const datamodel = 'datasource db {\n  provider = "postgresql"\n}\n';
  const options = { datamodels: [['schema.prisma', datamodel]] };
  const engine = await SchemaEngine.new(
    options,
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(factory),
  );
  try {
    return await action(engine);
  } finally {
    engine.free();
    for (const adapter of opened) await adapter.dispose();
  }
}

/** Prisma's engine at work on a folder of migrations and a database; each call opens a session of its own. */
export function prismaEngine(
  dir: string,
  { url, schema = 'public' }: { readonly url: string; readonly schema?: string },
): PrismaEngine {
  const filters = { externalTables: [], externalEnums: [] };
  const run = <Result>(action: (engine: SchemaEngine) => Promise<Result>): Promise<Result> =>
    withEngine(url, schema, action);
  const list = (): object => ({ migrationsList: listFolder(dir), filters });
  return {
    deploy: async () => (await run((engine) => engine.applyMigrations(list()))).appliedMigrationNames,
    status: () =>
      run((engine) => engine.diagnoseMigrationHistory({ ...list(), optInToShadowDatabase: false })),
    resolveRolledBack: async (migrationName) => {
      await run((engine) => engine.markMigrationRolledBack({ migrationName }));
    },
    resolveApplied: async (migrationName) => {
      await run((engine) => engine.markMigrationApplied({ ...list(), migrationName }));
    },
  };
}

/** What Prisma's command line hands to its engine. */
function listFolder(dir: string): object {
  const lock = join(dir, 'migration_lock.toml');
  const names = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort((a, b) => a.localeCompare(b));
  return {
    baseDir: dir,
    lockfile: { path: 'migration_lock.toml', content: existsSync(lock) ? readFileSync(lock, 'utf8') : null },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(dir, name, 'migration.sql'), 'utf8') },
      },
    })),
  };
}

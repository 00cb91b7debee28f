import { createRequire } from 'node:module';
import type { MigrationDatabase } from '../../migration/database.js';
import { resolveProjectPackage } from '../project-package.js';

const neededFor = 'A migration of db-migrate';

/** The copy of db-migrate in the project, as far as migrations meet it. */
export interface DbMigrateLibrary {
  /** What a migration is given as `db`, on that connection. */
  open(client: MigrationDatabase['client'], schema: string): Promise<object>;
  /** First argument of `setup`. */
  readonly setupOptions: object;
}

interface DriverModule {
  connect(config: object, internals: object, callback: (error: unknown, driver: object) => void): void;
}

interface SharedModule {
  readonly util: { reduceToInterface(driver: object, port: unknown): object };
}

/** @throws {PACKAGE_MISSING} */
export function loadLibrary(
  root: string,
  about: { readonly table: string; readonly ignoreOnInit: boolean },
): DbMigrateLibrary {
  const main = resolveProjectPackage(root, 'db-migrate', neededFor);
  const driverPath = resolveProjectPackage(root, 'db-migrate-pg', neededFor);
  const load = createRequire(main);
  const driver = load('./lib/driver') as DriverModule;
  const { util } = load('db-migrate-shared') as SharedModule;
  const port: unknown = load('./lib/interface/migratorInterface.js');
  const setupOptions = {
    dbmigrate: load(main) as unknown,
    ignoreOnInit: about.ignoreOnInit,
    Promise: load('bluebird') as unknown,
    relation: load('./lib/relation') as unknown,
  };
  return {
    setupOptions,
    open: async (client, schema) => {
      // `notransactions`: the transaction around a migration is ours.
      const internals = {
        migrationTable: about.table,
        seedTable: 'seeds',
        notransactions: true,
        matching: '',
        argv: {},
      };
      const config = { driver: { require: driverPath }, db: client, schema, database: client.database };
      const opened = await new Promise<object>((resolve, reject) => {
        driver.connect(config, internals, (error, db) => (error ? reject(error) : resolve(db)));
      });
      return util.reduceToInterface(opened, port);
    },
  };
}

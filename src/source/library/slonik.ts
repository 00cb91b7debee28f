import { dirname } from 'node:path';
import type { MigrationDatabase } from '../../migration/database.js';
import { connectionOver } from '../guest-connection.js';
import { requireProjectPackage, resolveProjectPackage } from '../project-package.js';

type Client = MigrationDatabase['client'];
type Pool = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
type TypeParser = (value: string) => unknown;

interface SlonikModule extends Readonly<Record<string, unknown>> {
  createPool(uri: string, options: object): Promise<Pool>;
}

/** What Slonik asks of a driver; see its package @slonik/driver. */
interface DriverRequest {
  readonly driverConfiguration: {
    readonly typeParsers: readonly { readonly name: string; readonly parse: TypeParser }[];
  };
}

/** Slonik's classes for what a constraint refuses, by SQLSTATE. */
const constraintErrors: Readonly<Record<string, string>> = {
  '23502': 'NotNullIntegrityConstraintViolationError',
  '23503': 'ForeignKeyIntegrityConstraintViolationError',
  '23505': 'UniqueIntegrityConstraintViolationError',
  '23514': 'CheckIntegrityConstraintViolationError',
};

/**
 * A pool of the project's own Slonik whose every statement goes through `client`. Slonik makes pools asynchronously, and
 * all that they do is asynchronous, so the pool is waited for inside of each call. @throws {PACKAGE_MISSING}
 */
export function slonikOver(client: Client, base: string): unknown {
  const slonik = requireProjectPackage(base, 'slonik', 'db.slonik') as SlonikModule;
  const folder = dirname(resolveProjectPackage(base, 'slonik', 'db.slonik'));
  const { createDriverFactory } = requireProjectPackage(folder, '@slonik/driver', 'Slonik') as {
    createDriverFactory: (setup: (request: DriverRequest) => Promise<object>) => unknown;
  };
  let pool: Promise<Pool> | null = null;
  const open = (): Promise<Pool> =>
    slonik.createPool('postgres://', {
      driverFactory: createDriverFactory((request) => driverOver(client, { slonik, request })),
      // One session: two transactions wait for each other.
      maximumPoolSize: 1,
      minimumPoolSize: 0,
      // What a migration sets for its session is put back by the run.
      resetConnection: () => Promise.resolve(),
    });
  return new Proxy(Object.create(null) as object, {
    get(_, key): unknown {
      // A promise would be made of whatever has a `then`.
      if (typeof key !== 'string' || key === 'then') return undefined;
      return async (...args: readonly unknown[]) => {
        pool ??= open();
        return await (await pool)[key]?.(...args);
      };
    },
  });
}

async function driverOver(
  client: Client,
  { slonik, request }: { readonly slonik: SlonikModule; readonly request: DriverRequest },
): Promise<object> {
  const { query } = connectionOver(client) as {
    readonly query: (config: object) => Promise<DriverResult>;
  };
  const types = { getTypeParser: await typeParsersOf(client, request) };
  return {
    createPoolClient: () => ({
      connect: () => Promise.resolve(),
      end: () => Promise.resolve(),
      query: async (text: string, values: readonly unknown[] = []): Promise<object> => {
        try {
          return answerOf(await query({ text, values: [...values], types }));
        } catch (error) {
          throw wrapped(error, slonik);
        }
      },
      stream: (): never => {
        throw new Error('db.slonik has no stream(); use one of db.client.');
      },
    }),
  };
}

interface DriverResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly rows: readonly unknown[];
  readonly fields: readonly { readonly dataTypeID: number; readonly name: string }[];
}

function answerOf(result: DriverResult): object {
  const { command, rowCount, rows } = result;
  const fields = result.fields.map(({ dataTypeID: dataTypeId, name }) => ({ dataTypeId, name }));
  return { command, rowCount, rows, fields };
}

/** Slonik's parsers go by the names of types, the protocol by their numbers. */
async function typeParsersOf(
  client: Client,
  { driverConfiguration: { typeParsers } }: DriverRequest,
): Promise<(oid: number) => unknown> {
  const names = typeParsers.map(({ name }) => name);
  const { rows } = await client.query<{ oid: number; typname: string }>(
    'select oid, typname from pg_catalog.pg_type where typname = any($1) and typnamespace = $2::regnamespace',
    [names, 'pg_catalog'],
  );
  const parsers = new Map(
    rows.map(({ oid, typname }) => [oid, typeParsers.find(({ name }) => name === typname)?.parse]),
  );
  return (oid) => parsers.get(oid) ?? (client.getTypeParser(oid) as unknown);
}

/** As Slonik's own driver does it, for code that asks for these classes; the cause is kept. */
function wrapped(error: unknown, slonik: SlonikModule): unknown {
  const name = constraintErrors[(error as { readonly code?: string }).code ?? ''];
  const wrapper = name === undefined ? undefined : slonik[name];
  return typeof wrapper === 'function' ? (Reflect.construct(wrapper, [error]) as unknown) : error;
}

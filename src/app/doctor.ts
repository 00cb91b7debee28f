import { existsSync } from 'node:fs';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { isLockkeeperError } from '../core/errors.js';
import type { Warning } from '../core/report.js';
import { historyTables, readInstallation } from '../history/index.js';
import { checkObservers } from './check-observers.js';
import type { DoctorCheck, DoctorReport } from './lockkeeper.js';
import { shownPath, type SourceOptions } from '../source/index.js';
import { closeDatabase, databaseName, findPooling, type Opened, openDatabase } from './session.js';

/** Looks at everything a run stands on, and says of each thing whether it is right. Changes nothing. */
export async function doctor(config: ResolvedConfig, context: Context): Promise<DoctorReport> {
  const checks = [...localChecks(config), ...(await databaseChecks(config, context))];
  return { ok: checks.every((check) => check.status !== 'problem'), checks };
}

const ok = (check: string, message: string): DoctorCheck => ({ check, status: 'ok', message });

function localChecks(config: ResolvedConfig): readonly DoctorCheck[] {
  return [
    ok('node', `Node ${process.versions.node}`),
    ok(
      'configuration',
      config.file === null
        ? 'No lockkeeper.config; defaults, variables and what other tools say are used.'
        : shownPath(config.file, config.root),
    ),
    ...config.sources.map((source) => migrationsCheck(source, config.root)),
    ...config.warnings.map(asCheck),
    ...tlsCheck(config),
    ...checkObservers(config.observe),
  ];
}

/** A setting of another tool's that is not honoured. */
function asCheck({ message, hint }: Warning): DoctorCheck {
  const check = { check: 'settings', status: 'warning' as const, message };
  return hint === undefined ? check : { ...check, hint };
}

function migrationsCheck({ dir, format, keepForeignHistory }: SourceOptions, root: string): DoctorCheck {
  const folder = shownPath(dir, root);
  const kept = keepForeignHistory === false ? '' : ', whose own history is kept beside ours';
  const whose = format === 'native' ? '' : ` It holds migrations of ${format}${kept}.`;
  if (existsSync(dir)) return ok('migrations', `${folder} is there.${whose}`);
  if (format !== 'native') return missingForeign(folder, format);
  return {
    check: 'migrations',
    status: 'problem',
    message: `The folder ${folder} does not exist.`,
    hint: 'Run `lockkeeper init`, or set migrations in the configuration.',
  };
}

function missingForeign(folder: string, format: string): DoctorCheck {
  return {
    check: 'migrations',
    status: 'problem',
    message: `The folder ${folder}, where the migrations of ${format} are to be, does not exist.`,
    hint: 'Run `lockkeeper new <name>` to write the first one, or set migrations in lockkeeper.config.',
  };
}

function tlsCheck(config: ResolvedConfig): readonly DoctorCheck[] {
  const { target } = config;
  if (target.kind === 'embedded') return [];
  const { ssl, host } = target.direct ?? target.connection;
  if (ssl === false) return [ok('tls', `No encryption to ${host}.`)];
  if (ssl.rejectUnauthorized) return [ok('tls', `Encrypted to ${host}; the certificate is verified.`)];
  return [
    {
      check: 'tls',
      status: 'warning',
      message: `The certificate of ${host} is not verified, so anybody in between can read and change everything.`,
      hint: 'Give the certificate of the authority (ssl.ca, sslrootcert), and remove rejectUnauthorized: false or sslmode=no-verify.',
    },
  ];
}

async function databaseChecks(config: ResolvedConfig, context: Context): Promise<readonly DoctorCheck[]> {
  let opened: Opened;
  try {
    opened = await openDatabase(config, context);
  } catch (error) {
    return [problemOf('connection', error)];
  }
  const { session } = opened;
  try {
    return [
      ok(
        'connection',
        `PostgreSQL ${session.info.versionText} at ${databaseName(config)}, as ${session.info.user}.`,
      ),
      ...(await poolerCheck(opened, config)),
      writeCheck(opened),
      ...(await rightsCheck(opened, config)),
      ...(await lockTimeoutCheck(opened, config)),
      ...(await invalidIndexCheck(opened)),
      await historyCheck(opened, config),
    ];
  } catch (error) {
    return [problemOf('database', error)];
  } finally {
    await closeDatabase(opened);
  }
}

function problemOf(check: string, error: unknown): DoctorCheck {
  const hint = isLockkeeperError(error) ? error.hint : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return { check, status: 'problem', message, ...(hint === undefined ? {} : { hint }) };
}

async function poolerCheck(opened: Opened, config: ResolvedConfig): Promise<readonly DoctorCheck[]> {
  const pooling = await findPooling(opened, config);
  if (pooling === 'none') return [];
  if (pooling === 'session')
    return [ok('pooler', 'A pooler in session mode; it works like a direct connection.')];
  return [
    {
      check: 'pooler',
      status: 'warning',
      message:
        'A pooler in transaction mode: migrations that are transactions throughout run under a lease, all others are refused.',
      hint: 'Set directUrl (or DIRECT_URL) to the address of the server itself.',
    },
  ];
}

function writeCheck({ session }: Opened): DoctorCheck {
  if (!session.info.inRecovery && !session.info.readOnly) return ok('writes', 'The database takes writes.');
  return {
    check: 'writes',
    status: 'problem',
    message: session.info.inRecovery ? 'This is a replica.' : 'This role or database is read-only.',
    hint: 'Connect to the primary, with default_transaction_read_only off.',
  };
}

async function rightsCheck({ session }: Opened, config: ResolvedConfig): Promise<readonly DoctorCheck[]> {
  const rows = await session.query<{ may: boolean }>(
    `select exists (select from pg_namespace where nspname = $1)
         or has_database_privilege(current_database(), 'create') as may`,
    [config.history.schema],
  );
  if (rows[0]?.may === true) return [];
  return [
    {
      check: 'rights',
      status: 'problem',
      message: `The role ${session.info.user} may not create the schema ${config.history.schema}.`,
      hint: `An administrator can run: create schema "${config.history.schema}" authorization "${session.info.user}"`,
    },
  ];
}

/** Autovacuum gives way to a waiting lock only after deadlock_timeout, so a shorter wait fails each time (ENGINE D20). */
async function lockTimeoutCheck(
  { session }: Opened,
  config: ResolvedConfig,
): Promise<readonly DoctorCheck[]> {
  const rows = await session.query<{ ms: string }>(
    `select setting as ms from pg_settings where name = 'deadlock_timeout'`,
  );
  const deadlockMs = Number(rows[0]?.ms ?? 1000);
  const { lockTimeoutMs } = config.run;
  if (lockTimeoutMs === 0 || lockTimeoutMs >= deadlockMs + 500) return [];
  return [
    {
      check: 'lock timeout',
      status: 'warning',
      message: `lockTimeout is ${lockTimeoutMs} ms, and deadlock_timeout ${deadlockMs} ms: a running autovacuum is never interrupted in time.`,
      hint: `Set lockTimeout to at least ${deadlockMs + 500}ms.`,
    },
  ];
}

async function invalidIndexCheck({ session }: Opened): Promise<readonly DoctorCheck[]> {
  const rows = await session.query<{ name: string }>(/* sql */ `
    select i.indexrelid::regclass::text as name
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    where not i.indisvalid and c.relkind = 'i'
    order by 1
    limit 5`);
  if (rows.length === 0) return [];
  return [
    {
      check: 'indexes',
      status: 'warning',
      message: `Invalid indexes, left by an interrupted CREATE INDEX CONCURRENTLY: ${rows.map((row) => row.name).join(', ')}.`,
      hint: 'drop index concurrently … and create it again; until then it costs writes and helps no query.',
    },
  ];
}

async function historyCheck({ session }: Opened, config: ResolvedConfig): Promise<DoctorCheck> {
  try {
    const { schemaVersion, environment } = await readInstallation(session, historyTables(config.history));
    if (schemaVersion === 0) return ok('history', 'No history yet; the first `up` makes it.');
    return ok(
      'history',
      `Schema version ${schemaVersion}; this database is "${environment ?? 'not stamped'}".`,
    );
  } catch (error) {
    return problemOf('history', error);
  }
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedConfig } from '../config/resolved.js';
import type { Context } from '../core/context.js';
import { LockkeeperError } from '../core/errors.js';
import { historyRow } from '../execute/index.js';
import { claimApply, companions, finishApply } from '../history/index.js';

import { type DumpExclusions, dumpSchema } from '../pg/dump.js';
import type { Session } from '../pg/index.js';
import { createSource, shownPath } from '../source/index.js';
import { quoteIdent } from '../sql/quote.js';
import { lexScript } from '../sql/script.js';
import { type Ask, confirmDanger } from './confirm.js';
import type { AdoptOptions, AdoptReport } from './lockkeeper.js';
import { listProject, throwProblems } from './migrations.js';
import { stampOf } from './mark.js';
import { prepareToRun } from './prepare.js';
import { assertEnvironment, type Prepared } from './prepare-read.js';
import { databaseName, withDatabase } from './session.js';
import { nextVersion } from './templates/next-version.js';
import { writeOwn } from './write-own.js';

const name = 'baseline';

/**
 * Begins a history for a database that has a schema and none: dumps the schema into a first migration, and records that
 * one as applied. It runs in new databases only, so that those get the same schema.
 * @throws {USAGE_INVALID} where there is a history already. {PROGRAM_MISSING} {CONFIRMATION_MISSING}
 */
export async function baseline(
  config: ResolvedConfig,
  context: Context,
  { options, ask }: { readonly options: AdoptOptions; readonly ask: Ask | undefined },
): Promise<AdoptReport> {
  const source = config.sources.find(({ format }) => format === 'native');
  if (source === undefined) throw noNativeFolder();
  const { files } = await listProject(config).catch(() => ({ files: [] }));
  const listed = files.filter((file) => file.source === source.name);
  return await withDatabase(config, context, async (opened) => {
    const prepared = await prepareToRun(config, context, opened);
    assertEnvironment(config, prepared.installation, 'adopt');
    assertNoHistory(prepared, listed.length);
    const text = await dumpSchema(opened.connection, {
      serverMajor: opened.session.info.major,
      without: await ownObjects(config, opened.session),
    });
    const { statements } = lexScript(text);
    if (!statements.some(({ traits }) => !/^(?:SET|SELECT)\b/.test(traits.label))) throw nothingThere(config);
    const version = nextVersion([], context.now());
    const path = join(source.dir, `${version}_${name}.sql`);
    const shown = shownPath(path, config.root);
    const report: AdoptReport = {
      environment: config.environment.name,
      database: databaseName(config),
      dryRun: options.dryRun === true,
      forgotten: false,
      baseline: { version, name, file: shown, statements: statements.length },
      sources: [],
    };
    if (options.dryRun === true) return report;
    await confirmDanger(
      config,
      {
        verb: 'adopt --baseline',
        message: `Write the schema of ${databaseName(config)} to ${shown}, and record it as applied?`,
        plan: [`${statements.length} statements`],
      },
      { ...options, ask },
    );
    mkdirSync(source.dir, { recursive: true });
    writeFileSync(path, `${heading(databaseName(config))}${text}`, { flag: 'wx' });
    await record(config, { prepared, path });
    return report;
  });
}

const heading = (database: string): string =>
  `-- description: The schema of ${database} as it was when its history began\n-- irreversible: it is where the history begins\n\n`;

async function record(
  config: ResolvedConfig,
  { prepared, path }: { readonly prepared: Awaited<ReturnType<typeof prepareToRun>>; readonly path: string },
): Promise<void> {
  const sources = config.sources.filter(({ format }) => format === 'native');
  for (const options of sources) {
    const source = createSource(options, config);
    const files = source.list().files.filter((file) => file.path === path);
    const reading = await source.read(files);
    throwProblems(reading.problems);
    const stamp = stampOf(prepared, 1);
    const statements = reading.migrations.flatMap((migration) => [
      claimApply(prepared.tables, historyRow(migration), stamp, '1'),
      finishApply(prepared.tables, migration, stamp),
    ]);
    if (statements.length > 0) await writeOwn(prepared, 'baseline', statements);
  }
}

/** Our own tables are no part of the schema, nor is theirs, where nothing else is in it. */
async function ownObjects({ history }: ResolvedConfig, session: Session): Promise<DumpExclusions> {
  const names = [history.table, ...Object.values(companions)];
  const rows = await session.query(
    `select 1 from pg_class where relnamespace = to_regnamespace($1) and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
       and not exists (select from pg_depend d join pg_class o on o.oid = d.refobjid
                       where d.objid = pg_class.oid and d.deptype in ('a', 'i') and o.relname = any ($2))
       and relname <> all ($2) limit 1`,
    [quoteIdent(history.schema), names],
  );
  const alone = rows.length === 0 && history.schema !== 'public';
  return alone
    ? { schemas: [history.schema], tables: [] }
    : { schemas: [], tables: names.map((name) => [history.schema, name] as const) };
}

function assertNoHistory({ history }: Prepared, files: number): void {
  if (history.applied.length === 0 && files === 0) return;
  throw new LockkeeperError('USAGE_INVALID', {
    message:
      history.applied.length > 0
        ? `This database has a history already: ${history.applied.length} migrations are applied.`
        : `The migrations folder holds ${files} migrations already; which of them are in the database, a dump cannot tell.`,
    hint: 'A baseline begins a history. Single migrations are recorded with: lockkeeper mark <version> --applied --why "…".',
  });
}

function nothingThere(config: ResolvedConfig): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message: `The database ${databaseName(config)} holds no schema: there is nothing to begin with.`,
    hint: 'Write the first migration: lockkeeper new <name>.',
  });
}

function noNativeFolder(): LockkeeperError {
  return new LockkeeperError('USAGE_INVALID', {
    message:
      'A baseline is a native SQL migration, and every migrations folder of this project belongs to another tool.',
    hint: 'Let that tool make its baseline, or add a native folder to "migrations" in the configuration.',
  });
}

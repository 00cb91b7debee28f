import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import type { FormatConfiguration, FormatConnection, FormatRequest } from '../format.js';
import { readGivenTexts } from '../given.js';
import type { FormatSettings } from '../options.js';
import { shownPath } from '../shown-path.js';

/** Where Drizzle keeps its history. */
export interface DrizzleSettings {
  /** @default 'drizzle' */
  readonly schema: string;
  /** @default '__drizzle_migrations' */
  readonly table: string;
}

export function readSettings(settings: FormatSettings = {}): DrizzleSettings {
  const { schema = 'drizzle', table = '__drizzle_migrations' } = settings as Partial<DrizzleSettings>;
  return { schema, table };
}

/** Reads drizzle.config, or the file that lockkeeper.config names; `config: 'none'` reads none. */
export async function configureDrizzle(request: FormatRequest): Promise<FormatConfiguration> {
  const { root, given, dir } = request;
  const texts = readGivenTexts(given, ['config', 'table', 'schema'], 'drizzle');
  const file = texts.config === undefined ? findConfig(root) : named(texts.config, root);
  const shown = file === null ? '' : shownPath(file, root);
  const config = file === null ? {} : objectAt(await request.load(file), `${shown} exports`);
  const at = file === null ? '' : `${shown}: `;
  if (file !== null) checkDialect(config['dialect'], at);
  const migrations = objectAt(config['migrations'] ?? {}, `${at}"migrations" is`);
  const text = (value: unknown, key: string): string | undefined => {
    if (value === undefined || typeof value === 'string') return value;
    throw invalid(`${at}"${key}" is ${typeof value}. Accepted: a text.`);
  };
  const settings = readSettings({
    table: texts.table ?? text(migrations['table'], 'migrations.table'),
    schema: texts.schema ?? text(migrations['schema'], 'migrations.schema'),
  });
  return {
    file,
    dir: dir ?? resolve(root, text(config['out'], 'out') ?? 'drizzle'),
    settings: { ...settings },
    connection: connectionOf(config, at),
    warnings: notHonoured(config, at),
  };
}

/** In the order in which drizzle-kit looks for them, and those that people name by a flag. */
function findConfig(root: string): string | null {
  const names = ['ts', 'js', 'json', 'mts', 'mjs', 'cts', 'cjs'].map((end) => `drizzle.config.${end}`);
  return names.map((name) => join(root, name)).find((path) => existsSync(path)) ?? null;
}

function named(config: string, root: string): string | null {
  if (config === 'none') return null;
  const path = resolve(root, config);
  if (existsSync(path)) return path;
  throw invalid(`The configuration of Drizzle "${config}" does not exist.`);
}

function checkDialect(dialect: unknown, at: string): void {
  if (dialect === 'postgresql') return;
  throw invalid(
    dialect === undefined
      ? `${at}"dialect" is missing. Accepted: "postgresql".`
      : `${at}"dialect" is ${JSON.stringify(dialect)}. Lockkeeper runs migrations of the dialect "postgresql".`,
  );
}

/** A url, or its parts. A variable that is not set leaves undefined behind, and says nothing. */
function connectionOf(config: Readonly<Record<string, unknown>>, at: string): FormatConnection | null {
  if (config['driver'] !== undefined) return null;
  const { url, host, port, database, user, password, ssl } = objectAt(
    config['dbCredentials'] ?? {},
    `${at}"dbCredentials" is`,
  );
  if (isText(url)) return { url };
  if (!isText(host) || !isText(database)) return null;
  const wantsTls = ssl === true || ssl === 'require' || ssl === 'verify-full' || typeof ssl === 'object';
  return {
    host,
    database,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(isText(user) ? { user } : {}),
    ...(isText(password) ? { password } : {}),
    ...(wantsTls ? { ssl: true } : {}),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function notHonoured(config: Readonly<Record<string, unknown>>, at: string): readonly Warning[] {
  const { driver } = config;
  if (driver === undefined) return [];
  return [
    {
      code: 'setting-ignored',
      message: `${at}"driver" is ${JSON.stringify(driver)}, and has no effect here: Lockkeeper connects to PostgreSQL by itself.`,
      hint: 'Say where the database is by DATABASE_URL or by "url" in the configuration of Lockkeeper.',
    },
  ];
}

function objectAt(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw invalid(`${what} ${value === undefined ? 'nothing' : typeof value}. Accepted: an object.`);
}

function invalid(message: string): LockkeeperError {
  return new LockkeeperError('CONFIG_INVALID', { message, hint: 'Correct the configuration of Drizzle.' });
}

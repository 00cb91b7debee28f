import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Warning } from '../../core/report.js';
import type { FormatConfiguration, FormatConnection, FormatRequest } from '../format.js';
import { readGivenTexts } from '../given.js';
import type { FormatSettings } from '../options.js';
import { shownPath } from '../shown-path.js';
import { findPrismaConfig, readPrismaConfig, type PrismaConfig } from './config-file.js';
import { type Datasource, findDatasource, type UrlText } from './schema-file.js';

/** What of Prisma's configuration concerns its history. */
export interface PrismaSettings {
  /** Schema of `_prisma_migrations`: the parameter `schema` of the url. @default 'public' */
  readonly schema: string;
  /** False where PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK is set. */
  readonly lock: boolean;
}

export function readSettings(settings: FormatSettings = {}): PrismaSettings {
  const { schema = 'public', lock = true } = settings as Partial<PrismaSettings>;
  return { schema, lock };
}

/** Reads prisma.config, the datasource block of the Prisma schema, and where they say that things are. */
export async function configurePrisma(request: FormatRequest): Promise<FormatConfiguration> {
  const { root, given, variable } = request;
  const texts = readGivenTexts(given, ['schema', 'historySchema'], 'prisma');
  const file = findPrismaConfig(root);
  const config = file === null ? null : readPrismaConfig(await request.load(file), file, root);
  const datasource = findDatasource({
    root,
    said: texts.schema === undefined ? (config?.schema ?? null) : resolve(root, texts.schema),
    dir: request.dir,
  });
  const url = urlOf(config, datasource, variable);
  const settings: PrismaSettings = {
    schema: texts.historySchema ?? (url === null ? null : schemaOf(url)) ?? 'public',
    lock: !isSet(variable('PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK')),
  };
  return {
    file: file ?? datasource?.file ?? null,
    dir: request.dir ?? config?.migrations ?? besideSchema(datasource, root),
    settings: { ...settings },
    connection: url === null ? null : connectionOf(url),
    warnings: config === null ? [] : notHonoured(config, shownPath(file ?? '', root)),
  };
}

/** Prisma's own programs go round a pooler when directUrl says how. */
function urlOf(
  config: PrismaConfig | null,
  datasource: Datasource | null,
  variable: FormatRequest['variable'],
): string | null {
  const textOf = (url: UrlText | null): string | undefined =>
    url?.variable === undefined ? url?.text : variable(url.variable);
  const candidates = [
    config?.directUrl,
    config?.url,
    textOf(datasource?.directUrl ?? null),
    textOf(datasource?.url ?? null),
  ];
  // A url of Prisma's proxy (prisma://) leads to no server that speaks PostgreSQL's protocol.
  return candidates.find((url) => url !== undefined && /^postgres(?:ql)?:\/\//.test(url)) ?? null;
}

function schemaOf(url: string): string | null {
  const value = /[?&]schema=([^&#]*)/.exec(url)?.[1];
  if (value === undefined || value === '') return null;
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    // A percent sign that stands for itself.
    return value;
  }
}

const connectionOf = (url: string): FormatConnection => ({ url });

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== '0';

/** Beside the file with the datasource, or, as older versions had it, beside the folder of the schema files. */
function besideSchema(datasource: Datasource | null, root: string): string {
  const places = datasource === null ? [] : [dirname(datasource.file), dirname(datasource.folder)];
  const folders = [...places, join(root, 'prisma')].map((place) => join(place, 'migrations'));
  return folders.find((folder) => existsSync(folder)) ?? folders[0] ?? join(root, 'prisma', 'migrations');
}

function notHonoured(config: PrismaConfig, shown: string): readonly Warning[] {
  return config.notHonoured.map(({ key, why }) => ({
    code: 'setting-ignored',
    message: `${shown}: "${key}" has no effect here: ${why}.`,
  }));
}

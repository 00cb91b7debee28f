import { basename, join } from 'node:path';
import type { Format, FormatSource, NewFileRequest, NewFile } from '../format.js';
import type { SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { configurePrisma, readSettings } from './configure.js';
import { prismaHistory } from './history.js';
import { listPrisma, lockFile } from './list.js';
import { readPrisma } from './read.js';

/** Prisma Migrate: folders with a `migration.sql` each, and the table `_prisma_migrations`. */
export const prisma: Format = {
  name: 'prisma',
  title: 'Prisma',
  configure: configurePrisma,
  open: openPrisma,
};

function openPrisma(options: SourceOptions, project: SourceProject): FormatSource {
  const settings = readSettings(options.settings);
  return {
    list: () => listPrisma(options, project),
    read: (files) => Promise.resolve(readPrisma(files, project, settings)),
    history: prismaHistory(settings),
    isCode: false,
    create: (request) => newMigration(options.dir, request),
  };
}

/** `20240101093000_create_users/migration.sql`, and the lock file in front of the first one. */
function newMigration(dir: string, { name, now, up, down, existing }: NewFileRequest): readonly NewFile[] {
  const stamp = now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const folder = join(dir, basename(`${stamp}_${name}`));
  return [
    ...(existing.length === 0 ? [{ path: join(dir, lockFile), content: 'provider = "postgresql"\n' }] : []),
    { path: join(folder, 'migration.sql'), content: up },
    ...(down === null ? [] : [{ path: join(folder, 'down.sql'), content: down }]),
  ];
}

import type { Format, FormatSource } from '../format.js';
import type { SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { configureDrizzle, readSettings } from './configure.js';
import { createDrizzleMigration } from './create.js';
import { DrizzleFolder } from './folder.js';
import { drizzleHistory } from './history.js';
import { DrizzleReader } from './read.js';

/** Drizzle Kit: SQL files that a journal lists, or, since version 1, folders; the table `__drizzle_migrations`. */
export const drizzle: Format = {
  name: 'drizzle',
  title: 'Drizzle',
  configure: configureDrizzle,
  open: openDrizzle,
};

function openDrizzle(options: SourceOptions, project: SourceProject): FormatSource {
  const settings = readSettings(options.settings);
  const folder = new DrizzleFolder(options, project);
  const reader = new DrizzleReader(folder, project, settings);
  return {
    list: () => folder.list(),
    read: (files) => Promise.resolve(reader.read(files)),
    history: drizzleHistory(folder, settings),
    isCode: false,
    create: (request) => createDrizzleMigration(options.dir, folder.layout, request),
  };
}

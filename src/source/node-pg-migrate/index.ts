import type { MigrationFile } from '../../migration/migration.js';
import type { Format } from '../format.js';
import { configure } from './configure.js';
import { createFile } from './create.js';
import { createHistory } from './history.js';
import { list } from './list.js';
import { readFiles } from './read.js';
import { settingsOf } from './settings.js';

/** node-pg-migrate 8 and 9: TypeScript, JavaScript and SQL in one folder. */
export const nodePgMigrate: Format = {
  name: 'node-pg-migrate',
  title: 'node-pg-migrate',
  configure,
  open(options, project) {
    const settings = settingsOf(options.settings);
    let listed: readonly MigrationFile[] | null = null;
    return {
      list: () => {
        const listing = list(options, project);
        listed = listing.files;
        return listing;
      },
      read: async (files) =>
        await readFiles(files, {
          project,
          settings,
          listed: listed ?? list(options, project).files,
        }),
      history: createHistory(settings),
      isCode: true,
      create: (request) => createFile(options.dir, settings, request),
    };
  },
};

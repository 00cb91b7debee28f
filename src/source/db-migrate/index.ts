import type { Format } from '../format.js';
import { configure } from './configure.js';
import { createFiles } from './create.js';
import { createHistory } from './history.js';
import { list } from './list.js';
import { readFiles } from './read.js';
import { settingsOf } from './settings.js';

/** db-migrate 0.11: JavaScript with its `db`, and SQL in files that such JavaScript reads. */
export const dbMigrate: Format = {
  name: 'db-migrate',
  title: 'db-migrate',
  configure,
  open(options, project) {
    const settings = settingsOf(options.settings);
    return {
      list: () => list(options, project),
      read: async (files) => await readFiles(files, project, settings),
      history: createHistory(settings),
      isCode: true,
      create: (request) => createFiles(options.dir, settings, request),
    };
  },
};

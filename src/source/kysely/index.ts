import type { Format } from '../format.js';
import { configureKysely } from './configure.js';
import { createKyselyMigration } from './create.js';
import { kyselyHistory } from './history.js';
import { listKyselyMigrations } from './list.js';
import { settingsOf } from './settings.js';

export const kysely: Format = {
  name: 'kysely',
  title: 'Kysely',
  configure: configureKysely,
  open(options, project) {
    return {
      list: () => listKyselyMigrations(options, project),
      // Loaded only when something is to be read, which `status` never asks for.
      read: async (files) => (await import('./read.js')).readKyselyMigrations(files, options, project),
      history: kyselyHistory(settingsOf(options, project.root)),
      isCode: true,
      create: (request) => createKyselyMigration(options.dir, request),
    };
  },
};

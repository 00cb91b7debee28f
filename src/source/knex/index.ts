import type { Format } from '../format.js';
import { configureKnex } from './configure.js';
import { createKnexMigration } from './create.js';
import { knexHistory } from './history.js';
import { listKnexMigrations } from './list.js';
import { settingsOf } from './settings.js';

export const knex: Format = {
  name: 'knex',
  title: 'Knex',
  configure: configureKnex,
  open(options, project) {
    const settings = settingsOf(options, project.root);
    return {
      list: () => listKnexMigrations(options, project),
      // Loaded only when something is to be read, which `status` never asks for.
      read: async (files) => (await import('./read.js')).readKnexMigrations(files, options, project),
      history: knexHistory(settings),
      isCode: true,
      create: (request) => createKnexMigration(settings, request),
    };
  },
};

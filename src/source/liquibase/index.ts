import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Format, FormatSource } from '../format.js';
import type { SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import { readChangelog } from './changelog.js';
import { configureLiquibase } from './configure.js';
import type { Gathered } from './context.js';
import { createChangeset } from './create.js';
import { liquibaseHistory } from './history.js';
import { listLiquibase } from './list.js';
import { readLiquibase } from './read.js';
import { liquibaseSettings } from './settings.js';

/** Liquibase: changelogs of changesets, in SQL, XML, YAML or JSON, and the table DATABASECHANGELOG. */
export const liquibase: Format = {
  name: 'liquibase',
  title: 'Liquibase',
  configure: configureLiquibase,
  open: openLiquibase,
};

function openLiquibase(options: SourceOptions, project: SourceProject): FormatSource {
  const settings = liquibaseSettings(options.settings, options.dir);
  // A changelog has to be read to know what it holds, and is read once.
  let gathered: Gathered | null = null;
  const changelog = (): Gathered => (gathered ??= readChangelog(settings, project));
  const nonce = randomUUID();
  return {
    list: () => listLiquibase(changelog(), { options, project, nonce }),
    read: (files) => Promise.resolve(readLiquibase(files, changelog(), settings)),
    history: liquibaseHistory(settings),
    isCode: false,
    create: (request) =>
      createChangeset(
        changelog(),
        { root: project.root, changelog: join(settings.searchPath[0] ?? options.dir, settings.changelog) },
        request,
      ),
  };
}

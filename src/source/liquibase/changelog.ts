import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { isLockkeeperError } from '../../core/errors.js';
import { readText } from '../decode.js';
import type { SourceProject } from '../list.js';
import { shownPath } from '../shown-path.js';
import type { FileContext, Gathered, Includer, Inclusion } from './context.js';
import { isFormattedSql, readFormattedSql } from './formatted-sql.js';
import type { Place } from './place.js';
import { changesetKey } from './history.js';
import type { Changeset } from './model.js';
import { Parameters, type RunFilter } from './parameters.js';
import { invalidChangelog } from './problem.js';
import { readRawSql } from './raw-sql.js';
import { normalPath } from './path.js';
import type { LiquibaseSettings } from './settings.js';
import { readTreeChangelog } from './tree-changelog.js';

/** Reads a changelog and everything that it includes, in the order in which Liquibase would run it. */
export function readChangelog(settings: LiquibaseSettings, project: SourceProject): Gathered {
  const gathered: Gathered = { changesets: [], preconditions: [], problems: [], warnings: [] };
  const filter: RunFilter = { contexts: settings.contexts, labels: settings.labels };
  const walk = new ChangelogWalk(settings, project, gathered);
  const parameters = new Parameters(filter, settings.changelog, new Map(Object.entries(settings.parameters)));
  walk.file(settings.changelog, { parameters, inherited: [], filter, by: null });
  return { ...gathered, changesets: oneOfEach(gathered.changesets) };
}

/**
 * Changesets of one id, author and file may stand beside each other, one for each kind of database: Liquibase looks for
 * doubles only among those that run. Of the others one stays, which an earlier run may have applied.
 */
function oneOfEach(changesets: readonly Changeset[]): Changeset[] {
  const running = new Set(changesets.filter((each) => each.runsHere).map(changesetKey));
  const idle = new Set<string>();
  return changesets.filter((changeset) => {
    const key = changesetKey(changeset);
    if (changeset.runsHere) return true;
    if (running.has(key) || idle.has(key)) return false;
    idle.add(key);
    return true;
  });
}

/** Goes through a changelog and what it includes. */
class ChangelogWalk implements Includer {
  readonly #settings: LiquibaseSettings;
  readonly #project: SourceProject;
  readonly #gathered: Gathered;
  readonly #open: string[] = [];

  constructor(settings: LiquibaseSettings, project: SourceProject, gathered: Gathered) {
    this.#settings = settings;
    this.#project = project;
    this.#gathered = gathered;
  }

  /** Reads one changelog file; what is wrong with it is told, and the others are still read. */
  file(name: string, inclusion: Inclusion): void {
    const normal = normalPath(name);
    const path = this.resolve(name);
    if (path === null) {
      this.#missing(name, inclusion.by);
      return;
    }
    const shown = shownPath(path, this.#project.root);
    const place = inclusion.by ?? { path, file: shown, line: 1 };
    if (this.#open.includes(path)) {
      const message = `"${name}" includes itself, by way of ${this.#open.length} file(s).`;
      this.#gathered.problems.push(invalidChangelog(place, message, 'Break the circle.'));
      return;
    }
    this.#open.push(path);
    try {
      const { text } = readText(path, shown, null);
      this.#read(
        text,
        {
          path,
          shown,
          name: inclusion.logicalPath ?? normal,
          physical: normal,
          inherited: inclusion.inherited,
          parameters: inclusion.parameters,
          filter: inclusion.filter,
          settings: this.#settings,
          gathered: this.#gathered,
        },
        inclusion,
      );
    } catch (error) {
      if (!isLockkeeperError(error)) throw error;
      this.#gathered.problems.push(error);
    } finally {
      this.#open.pop();
    }
  }

  /** The absolute path of a file that a changelog names; null where no search path has it. */
  resolve(name: string): string | null {
    const normal = normalPath(name);
    const candidates = this.#settings.searchPath.map((folder) => join(folder, normal));
    return [...candidates, ...(name.startsWith('/') ? [name] : [])].find((path) => existsSync(path)) ?? null;
  }

  #read(text: string, context: FileContext, inclusion: Inclusion): void {
    const extension = extname(context.path).toLowerCase();
    if (extension === '.sql') {
      if (isFormattedSql(text)) readFormattedSql(text, context);
      else readRawSql(text, context);
    } else if (treeExtensions.has(extension)) {
      readTreeChangelog(text, context, this);
    } else if (inclusion.lenient !== true) {
      throw invalidChangelog(
        inclusion.by ?? { path: context.path, file: context.shown, line: 1 },
        `"${context.name}" is no changelog in a form that is known.`,
        'Known are .sql, .xml, .yaml, .yml and .json.',
      );
    }
  }

  #missing(name: string, by: Place | null): void {
    const { root } = this.#project;
    const where = this.#settings.searchPath.map((folder) => shownPath(folder, root) || '.').join(', ');
    this.#gathered.problems.push(
      invalidChangelog(
        by ?? { path: root, file: name, line: 1 },
        `the changelog "${name}" is not there (looked for in ${where}).`,
        'Correct the name, or searchPath in liquibase.properties.',
      ),
    );
  }
}

const treeExtensions: ReadonlySet<string> = new Set(['.xml', '.yaml', '.yml', '.json']);

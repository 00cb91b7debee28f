import type { LockkeeperError } from '../../core/errors.js';
import type { Warning } from '../../core/report.js';
import { contextsMatch, dbmsMatches, labelsMatch } from './expression.js';
import type { Changeset } from './model.js';
import type { Place } from './place.js';
import type { Parameters, RunFilter } from './parameters.js';
import type { PreconditionSet } from './precondition.js';
import type { LiquibaseSettings } from './settings.js';

/** What an include says about everything inside of it. */
export interface Inherited {
  readonly contexts: string | null;
  readonly labels: string | null;
  readonly ignore: boolean;
}

/** One changelog file on its way to become changesets. */
export interface FileContext {
  /** Absolute. */
  readonly path: string;
  /** As shown to people. */
  readonly shown: string;
  /** As Liquibase has it in its table: relative to the search path, unless something stands in for it. */
  readonly name: string;
  /** Where it is, relative to the search path. */
  readonly physical: string;
  /** From the file outwards. */
  readonly inherited: readonly Inherited[];
  readonly parameters: Parameters;
  readonly filter: RunFilter;
  readonly settings: LiquibaseSettings;
  readonly gathered: Gathered;
}

/** What reading all files of a changelog comes to. */
export interface Gathered {
  readonly changesets: Changeset[];
  /** Of changelogs as a whole: all of them are looked at before the first changeset. */
  readonly preconditions: PreconditionSet[];
  readonly problems: LockkeeperError[];
  readonly warnings: Warning[];
}

/** The contexts and labels of a changeset with those of the files around it, as Liquibase writes them down. */
export function withInherited(
  own: { readonly contexts: string | null; readonly labels: string | null },
  inherited: readonly Inherited[],
): { readonly contexts: string | null; readonly labels: string | null } {
  const contexts = [...inherited.map((one) => one.contexts), own.contexts].filter(isThere);
  const labels = [...inherited.map((one) => one.labels), own.labels].filter(isThere).map(normalLabels);
  return {
    contexts: contexts.length === 0 ? null : contexts.map(bracketed).join(' AND '),
    labels: labels.length === 0 ? null : labels.join(','),
  };
}

/** Whether a changeset runs with what the run was given. */
export function runsHere(
  own: {
    readonly contexts: string | null;
    readonly labels: string | null;
    readonly dbms: string | null;
    readonly ignore: boolean;
  },
  { inherited, filter }: Pick<FileContext, 'inherited' | 'filter'>,
): boolean {
  if (own.ignore || inherited.some(({ ignore }) => ignore) || !dbmsMatches(own.dbms)) return false;
  const contexts = [own.contexts, ...inherited.map((one) => one.contexts).filter(isThere)];
  if (!contexts.every((expression) => contextsMatch(expression, filter.contexts))) return false;
  const labels = [own.labels, ...inherited.map((one) => one.labels).filter(isThere)];
  return labels.every((list) => labelsMatch(list, filter.labels));
}

const isThere = (text: string | null): text is string => text !== null && text.trim() !== '';

const bracketed = (text: string): string => (/[, ]/.test(text) ? `(${text})` : text);

const normalLabels = (text: string): string =>
  text
    .split(',')
    .map((label) => label.trim().toLowerCase())
    .filter((label) => label !== '')
    .join(',');

/** What an included file gets from the one that includes it. */
export interface Inclusion {
  readonly parameters: Parameters;
  readonly inherited: readonly Inherited[];
  readonly filter: RunFilter;
  /** Where the include is written; null for the first file. */
  readonly by: Place | null;
  /** What stands in for the names of its files, where the include says so. */
  readonly logicalPath?: string | null;
  /** Files of other kinds are passed over, as includeAll does. */
  readonly lenient?: boolean;
}

/** Where the files of a changelog are, and what reads those that it names. */
export interface Includer {
  file(name: string, inclusion: Inclusion): void;
  /** The absolute path of a file or folder that a changelog names; null where no search path has it. */
  resolve(name: string): string | null;
}

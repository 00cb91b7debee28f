import { contextsMatch, dbmsMatches, labelsMatch } from './expression.js';

/** What a run is given: decides which properties and changesets count. */
export interface RunFilter {
  readonly contexts: readonly string[];
  readonly labels: string | null;
}

export interface PropertyScope {
  readonly contexts: string | null;
  readonly labels: string | null;
  readonly dbms: string | null;
  readonly global: boolean;
}

/** The values of `${name}`. The first that is set wins, except that the later of two local ones of a file does. */
export class Parameters {
  readonly #filter: RunFilter;
  readonly #global = new Map<string, string>();
  readonly #parent: Parameters | null;
  readonly #local = new Map<string, string>();
  readonly #file: string;

  constructor(filter: RunFilter, file: string, given: ReadonlyMap<string, string> | Parameters) {
    this.#filter = filter;
    this.#file = file;
    this.#parent = given instanceof Parameters ? given : null;
    if (given instanceof Parameters) this.#global = given.#global;
    else for (const [name, value] of given) this.#global.set(name.toLowerCase(), value);
  }

  /** For a file that is included: it sees what this file has. */
  inside(file: string): Parameters {
    return new Parameters(this.#filter, file, this);
  }

  set(name: string, value: string, scope: PropertyScope): void {
    if (!dbmsMatches(scope.dbms) || !contextsMatch(scope.contexts, this.#filter.contexts)) return;
    if (!labelsMatch(scope.labels, this.#filter.labels)) return;
    const key = name.toLowerCase();
    if (!scope.global) this.#local.set(key, value);
    else if (!this.#global.has(key)) this.#global.set(key, value);
  }

  isDefined(name: string): boolean {
    return this.#valueOf(name) !== undefined;
  }

  /** A name that nothing defines stays as it is written. */
  expand(text: string): string {
    if (!text.includes('${')) return text;
    return this.#expand(text, 0);
  }

  #expand(text: string, depth: number): string {
    return text.replaceAll(/\$\{([^{}]*)\}/g, (whole, name: string) => {
      if (name.startsWith(':')) return whole;
      const value = depth > 20 ? undefined : this.#valueOf(name.trim());
      return value === undefined ? whole : this.#expand(value, depth + 1);
    });
  }

  #valueOf(name: string): string | undefined {
    const key = name.toLowerCase();
    if (key === 'database.typename') return 'postgresql';
    if (key === 'liquibase_execution_changelog_file') return this.#file;
    const shared = this.#global.get(key);
    if (shared !== undefined) return shared;
    return this.#localValue(key);
  }

  #localValue(key: string): string | undefined {
    const value = this.#local.get(key);
    return value === undefined && this.#parent !== null ? this.#parent.#localValue(key) : value;
  }
}

import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { isLockkeeperError } from '../../core/errors.js';
import type { FileContext, Includer, Inclusion, Inherited } from './context.js';
import { listChangelogs } from './include-all.js';
import { mapValues, flagOf, type Node, valueOf } from './node.js';
import { normalPath } from './path.js';
import { invalidChangelog, refusedStep } from './problem.js';
import { parseProperties } from './properties.js';
import { readXml } from './read-xml.js';
import { readYaml } from './read-yaml.js';
import { treeChangeset } from './tree-changeset.js';
import { treePreconditions } from './tree-precondition.js';

/** Reads a changelog in XML, YAML or JSON, and what it includes, in the order in which it is written. */
export function readTreeChangelog(text: string, context: FileContext, includer: Includer): void {
  const file = { path: context.path, file: context.shown };
  const read = context.path.toLowerCase().endsWith('.xml') ? readXml(text, file) : readYaml(text, file);
  const root = read.name === '' ? (read.children.find(isRoot) ?? read) : read;
  if (!isRoot(root)) {
    throw invalidChangelog(
      root.place,
      'there is no databaseChangeLog in it.',
      'Begin it with databaseChangeLog.',
    );
  }
  new TreeReading(root, context, includer).run();
}

const isRoot = ({ name }: Node): boolean => name === 'databaseChangeLog';

class TreeReading {
  readonly #root: Node;
  readonly #context: FileContext;
  readonly #includer: Includer;

  constructor(root: Node, context: FileContext, includer: Includer) {
    const own = valueOf(root, 'contextFilter') ?? valueOf(root, 'context');
    const inherited = own === null ? [] : [{ contexts: own, labels: null, ignore: false }];
    const logical = valueOf(root, 'logicalFilePath');
    this.#root = root;
    this.#context = {
      ...context,
      name: logical === null ? context.name : normalPath(logical),
      inherited: [...inherited, ...context.inherited],
    };
    this.#includer = includer;
  }

  run(): void {
    for (const written of this.#root.children) {
      try {
        this.#child(mapValues(written, (text) => this.#context.parameters.expand(text)));
      } catch (error) {
        if (!isLockkeeperError(error)) throw error;
        this.#context.gathered.problems.push(error);
      }
    }
  }

  #child(node: Node): void {
    switch (node.name) {
      case 'changeSet':
        this.#changeset(node);
        return;
      case 'include':
        this.#include(node);
        return;
      case 'includeAll':
        this.#includeAll(node);
        return;
      case 'property':
        this.#property(node);
        return;
      case 'preConditions':
        this.#context.gathered.preconditions.push(treePreconditions(node, this.#context));
        return;
      default:
        // Plain values beside them are settings of the file, such as logicalFilePath.
        if (node.children.length === 0) return;
        throw refusedStep(
          node.place,
          `"${node.name}" is not known in a changelog here.`,
          'Known: changeSet, include, includeAll, property, preConditions.',
        );
    }
  }

  #changeset(node: Node): void {
    const made = treeChangeset(node, {
      file: this.#context,
      includer: this.#includer,
      quoting: valueOf(this.#root, 'objectQuotingStrategy'),
    });
    this.#context.gathered.changesets.push(made);
  }

  #include(node: Node): void {
    const file = valueOf(node, 'file');
    if (file === null) throw invalidChangelog(node.place, 'include has no "file".', 'Give it a file.');
    const name = this.#named(node, file);
    if (!flagOf(node, 'errorIfMissing', true) && this.#includer.resolve(name) === null) return;
    this.#includer.file(name, this.#inclusion(node));
  }

  #includeAll(node: Node): void {
    const said = valueOf(node, 'path');
    if (said === null) throw invalidChangelog(node.place, 'includeAll has no "path".', 'Give it a path.');
    for (const key of ['filter', 'resourceFilter', 'resourceComparator']) {
      const named = valueOf(node, key);
      if (named === null) continue;
      throw refusedStep(
        node.place,
        `${key} names ${named}, which is a class of Java.`,
        'Name the files one by one.',
      );
    }
    const name = this.#named(node, said);
    const folder = this.#includer.resolve(name);
    const files = folder === null ? [] : listChangelogs(folder, normalPath(name), node);
    if (files.length === 0 && flagOf(node, 'errorIfMissingOrEmpty', true)) {
      throw invalidChangelog(node.place, `the folder "${said}" is not there, or empty.`, 'Correct the path.');
    }
    for (const file of files) this.#includer.file(file, { ...this.#inclusion(node), lenient: true });
  }

  /** Relative to the search path. */
  #named(node: Node, path: string): string {
    if (!flagOf(node, 'relativeToChangelogFile', false)) return path;
    return posix.join(posix.dirname(this.#context.physical), path.replaceAll('\\', '/'));
  }

  #inclusion(node: Node): Inclusion {
    const own: Inherited = {
      contexts: valueOf(node, 'contextFilter') ?? valueOf(node, 'context'),
      labels: valueOf(node, 'labels'),
      ignore: flagOf(node, 'ignore', false),
    };
    const logical = valueOf(node, 'logicalFilePath');
    return {
      parameters: this.#context.parameters.inside(valueOf(node, 'file') ?? this.#context.name),
      inherited: [own, ...this.#context.inherited],
      filter: this.#context.filter,
      by: node.place,
      logicalPath: logical === null ? null : normalPath(logical),
    };
  }

  #property(node: Node): void {
    const scope = {
      contexts: valueOf(node, 'contextFilter') ?? valueOf(node, 'context'),
      labels: valueOf(node, 'labels'),
      dbms: valueOf(node, 'dbms'),
      global: flagOf(node, 'global', true),
    };
    const { parameters } = this.#context;
    const file = valueOf(node, 'file');
    if (file === null) {
      const name = valueOf(node, 'name');
      if (name !== null) parameters.set(name, valueOf(node, 'value') ?? '', scope);
      return;
    }
    const path = this.#includer.resolve(this.#named(node, file));
    if (path !== null) {
      const found = parseProperties(readFileSync(path, 'latin1'));
      for (const [name, value] of found) parameters.set(name, value, scope);
    } else if (flagOf(node, 'errorIfMissing', true)) {
      throw invalidChangelog(
        node.place,
        `the file of properties "${file}" is not there.`,
        'Correct the path.',
      );
    }
  }
}

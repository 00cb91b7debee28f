import { type Column, readColumn } from './column.js';
import type { FileContext, Includer } from './context.js';
import type { Summed } from './fields-checksum.js';
import { objectName, qualifiedName, type Quoting } from './naming.js';
import { childOf, childrenOf, flagOf, type Node, valueOf } from './node.js';
import type { Place } from './place.js';
import { invalidChangelog, refusedStep } from './problem.js';

/** What a change may ask for beside what it says itself. */
export interface ChangeContext {
  readonly file: FileContext;
  readonly includer: Includer;
  readonly quoting: Quoting;
}

/** One change of a changeset, as it is written. */
export class Change {
  readonly type: string;
  readonly node: Node;
  readonly context: ChangeContext;

  constructor(node: Node, context: ChangeContext) {
    this.type = node.name;
    this.node = node;
    this.context = context;
  }

  get place(): Place {
    return this.node.place;
  }

  /** Null where it is not said, or empty. */
  text(name: string): string | null {
    const value = valueOf(this.node, name);
    return value === null || value.trim() === '' ? null : value;
  }

  /** @throws {FOREIGN_FILE_INVALID} where it is not said. */
  need(name: string): string {
    const value = this.text(name);
    if (value !== null) return value;
    throw invalidChangelog(this.place, `${this.type} has no "${name}".`, `Give it a "${name}".`);
  }

  flag(name: string, unsaid = false): boolean {
    return flagOf(this.node, name, unsaid);
  }

  /** A name as SQL. */
  ident(name: string): string {
    return objectName(this.need(name), this.context.quoting);
  }

  /** Names with commas between them, as SQL. */
  idents(name: string): string {
    return this.need(name)
      .split(',')
      .map((one) => objectName(one.trim(), this.context.quoting))
      .join(', ');
  }

  /** A relation in its schema, or in the default one where there is such a setting. */
  relation(name: string, schema = 'schemaName'): string {
    return this.inSchema(this.need(name), this.text(schema));
  }

  inSchema(name: string, said: string | null): string {
    const { file, quoting } = this.context;
    return qualifiedName({ schema: said ?? file.settings.defaultSchema, name }, quoting);
  }

  get columns(): readonly Column[] {
    return childrenOf(this.node, 'column', 'columns').map((node) => readColumn(node));
  }

  /** The condition of update and delete, with its parameters filled in. */
  where(): string | null {
    const text = this.text('where') ?? this.text('whereClause');
    if (text === null) return null;
    const parameters = childOf(this.node, 'whereParams');
    const values = parameters === null ? [] : childrenOf(parameters, 'param', 'params').map(readColumn);
    let at = 0;
    return text.trim().replaceAll(/\?|:name|:value/g, (mark) => {
      const param = mark === ':name' ? values[at] : values[mark === ':value' ? at : at++];
      if (param === undefined) return mark;
      if (mark === ':name') return objectName(param.name, this.context.quoting);
      if (mark === ':value') at += 1;
      return param.value?.sql ?? 'null';
    });
  }

  /** @throws {FOREIGN_STEP_REFUSED} */
  refuse(why: string, hint = 'Write it as SQL.'): never {
    throw refusedStep(this.place, why, hint);
  }
}

/** What is known of one kind of change. */
export interface ChangeType {
  /** Names of what it may say; what is summed, and in which words it is described, follows from them. */
  readonly fields: string;
  /** Said and not summed. */
  readonly unsummed?: readonly string[];
  /** The checksum where it is not made of the fields; null where Liquibase's own cannot be had. */
  readonly checksum?: (change: Change, fields: Summed) => string | null;
  readonly up: (change: Change) => readonly string[];
  /** Missing where it has no way back of its own. */
  readonly down?: (change: Change) => readonly string[] | null;
}

export type ChangeTypes = Readonly<Record<string, ChangeType>>;

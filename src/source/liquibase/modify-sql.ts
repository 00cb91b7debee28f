import { contextsMatch, dbmsMatches, labelsMatch } from './expression.js';
import type { FileContext } from './context.js';
import { fieldsChecksum } from './fields-checksum.js';
import type { ChangeSql } from './model.js';
import { flagOf, type Node, valueOf } from './node.js';
import { refusedStep } from './problem.js';

/** What `modifySql` of a changeset does to the SQL of its changes. */
export interface SqlEdits {
  readonly ofUp: (piece: ChangeSql) => ChangeSql;
  readonly ofDown: (piece: ChangeSql) => ChangeSql;
  /** Of each that applies here. */
  readonly checksums: readonly string[];
}

type Edit = (sql: string) => string;

const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  append: ['value'],
  appendSqlIfNotPresent: ['value'],
  prepend: ['value'],
  replace: ['replace', 'with'],
  regExpReplace: ['replace', 'with'],
};

/** @throws {FOREIGN_STEP_REFUSED} for a kind of edit that is not known. */
export function sqlEdits(changeset: Node, file: FileContext): SqlEdits {
  const up: Edit[] = [];
  const down: Edit[] = [];
  const checksums: string[] = [];
  for (const node of changeset.children.filter(({ name }) => name === 'modifySql')) {
    const inDown = flagOf(node, 'applyToRollback', false);
    const isHere = appliesHere(node, file);
    for (const child of node.children.filter(({ value }) => value === null)) {
      const fields = fieldsOf[child.name];
      if (fields === undefined)
        throw refusedStep(child.place, `"${child.name}" in modifySql is not known here.`, 'Write the changeset without it.'); // prettier-ignore
      const said = fields.map((name) => [name, valueOf(child, name) ?? ''] as const);
      if (!isHere) continue;
      checksums.push(fieldsChecksum(child.name, new Map([...said, ['applyToRollback', String(inDown)]])));
      const edit = editOf(child.name, new Map(said));
      up.push(edit);
      if (inDown) down.push(edit);
    }
  }
  const apply = (edits: readonly Edit[]) => (piece: ChangeSql) =>
    edits.length === 0 ? piece : { ...piece, text: edits.reduce((sql, edit) => edit(sql), piece.text) };
  return { ofUp: apply(up), ofDown: apply(down), checksums };
}

function appliesHere(node: Node, { filter }: FileContext): boolean {
  return (
    dbmsMatches(valueOf(node, 'dbms')) &&
    contextsMatch(valueOf(node, 'contextFilter') ?? valueOf(node, 'context'), filter.contexts) &&
    labelsMatch(valueOf(node, 'labels'), filter.labels)
  );
}

function editOf(kind: string, fields: ReadonlyMap<string, string>): Edit {
  const value = fields.get('value') ?? '';
  const [from, to] = [fields.get('replace') ?? '', fields.get('with') ?? ''];
  switch (kind) {
    case 'append':
      return (sql) => sql + value;
    case 'appendSqlIfNotPresent':
      return (sql) => (sql.endsWith(value) ? sql : sql + value);
    case 'prepend':
      return (sql) => value + sql;
    case 'replace':
      return (sql) => sql.replaceAll(from, () => to);
    default:
      return (sql) => sql.replaceAll(new RegExp(from, 'g'), to);
  }
}

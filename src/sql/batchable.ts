import { END, Lexer, PUNCT, WORD } from './lexer.js';
import type { Parser } from './parse.js';
import { fromBytes } from './position.js';
import { quoteIdent } from './quote.js';

/** A statement on one table, taken apart so that bounds can be added and a partition can stand for the table. */
export interface BatchShape {
  readonly kind: 'update' | 'delete' | 'read';
  /** The table as written, for `to_regclass`. */
  readonly table: string;
  /** True for ONLY: tables that inherit from it are left alone. */
  readonly only: boolean;
  /** What qualifies its columns inside the statement, quoted. */
  readonly alias: string;
  /** Up to the table, WITH and the verb included. */
  readonly head: string;
  /** Between the table and WHERE: SET, FROM or USING. */
  readonly middle: string;
  /** The list behind FROM (of UPDATE) or USING; null for none. */
  readonly from: string | null;
  /** The expression behind WHERE; null for none. */
  readonly where: string | null;
  /** Columns that SET names; empty for DELETE and reads. */
  readonly columns: readonly string[];
}

/** Why a statement cannot run in batches. */
export interface BatchRefusal {
  readonly message: string;
  readonly hint: string;
  /** UTF-16 offset in the statement. */
  readonly offset: number;
}

type Node = Readonly<Record<string, unknown>>;

interface Word {
  /** Upper case; empty for anything but an unquoted word. */
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Takes an UPDATE, a DELETE or the query of a transform apart, or says why it cannot run in batches. PostgreSQL's own
 * parser says what the statement is; the text is cut at its reserved words outside of parentheses and never deparsed.
 */
export function readBatchable(text: string, parser: Parser): BatchShape | BatchRefusal {
  const tree = parser.parse(text).stmts ?? [];
  const statement = (tree[0]?.stmt ?? {}) as Node;
  const kind =
    'UpdateStmt' in statement
      ? 'update'
      : 'DeleteStmt' in statement
        ? 'delete'
        : 'SelectStmt' in statement
          ? 'read'
          : null;
  if (tree.length !== 1 || kind === null)
    return refused(
      0,
      'Only one UPDATE or DELETE can run in batches.',
      'Put the directive directly above an UPDATE or a DELETE.',
    );
  const node = (statement['UpdateStmt'] ?? statement['DeleteStmt'] ?? statement['SelectStmt']) as Node;
  const obstacle = findObstacle(node, kind);
  return obstacle ?? cut(text, node, kind);
}

export const isRefusal = (read: BatchShape | BatchRefusal): read is BatchRefusal => 'message' in read;

function findObstacle(node: Node, kind: BatchShape['kind']): BatchRefusal | null {
  if (node['returningClause'] !== undefined || node['returningList'] !== undefined)
    return refused(
      0,
      'A statement with RETURNING cannot run in batches: nobody would read its rows.',
      'Remove RETURNING.',
    );
  if (has(node['whereClause'], 'CurrentOfExpr'))
    return refused(
      0,
      'WHERE CURRENT OF names one row of a cursor, and cannot run in batches.',
      'Write a condition on columns.',
    );
  if (['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].some((write) => has(node['withClause'], write)))
    return refused(
      0,
      'A WITH that writes would write again in every batch.',
      'Make it a statement of its own, before the backfill.',
    );
  const elsewhere = [
    node['withClause'],
    node['whereClause'],
    kind === 'read' ? null : (node['fromClause'] ?? node['usingClause']),
  ];
  if (elsewhere.some((part) => has(part, 'limitCount') || has(part, 'limitOffset')))
    return refused(
      0,
      'LIMIT or OFFSET would choose other rows in every batch.',
      'Choose the rows by a condition. A LIMIT inside an expression of SET may stay.',
    );
  if (kind === 'read' && !isPlainRead(node))
    return refused(
      0,
      'The rows of a transform come from one table and a condition.',
      'Leave grouping, ordering and joins out of where.',
    );
  return null;
}

function isPlainRead(node: Node): boolean {
  const from = node['fromClause'] as readonly Node[] | undefined;
  const extras = [
    'groupClause',
    'havingClause',
    'sortClause',
    'limitCount',
    'limitOffset',
    'lockingClause',
    'windowClause',
    'distinctClause',
    'larg',
  ];
  return (
    from?.length === 1 &&
    from[0] !== undefined &&
    'RangeVar' in from[0] &&
    extras.every((key) => node[key] === undefined)
  );
}

/** Whether a node of that name, or a property of that name, stands anywhere in a part of the tree. */
function has(part: unknown, name: string): boolean {
  if (typeof part !== 'object' || part === null) return false;
  if (Array.isArray(part)) return part.some((item) => has(item, name));
  return name in part || Object.values(part).some((value) => has(value, name));
}

function cut(text: string, node: Node, kind: BatchShape['kind']): BatchShape {
  const from = kind === 'read' ? ((node['fromClause'] as Node[])[0] as Node)['RangeVar'] : node['relation'];
  const relation = from as {
    relname: string;
    inh?: boolean;
    location?: number;
    alias?: { aliasname: string };
  };
  const words = outerWords(text);
  const nameStart = fromBytes(text, relation.location ?? 0);
  const name = nameAt(text, nameStart);
  const verbs = { update: 'UPDATE', delete: 'FROM', read: 'FROM' } as const;
  const verb = words.findLast(({ word, start }) => word === verbs[kind] && start < nameStart) as Word;
  const ends = { update: ['SET'], delete: ['USING', 'WHERE'], read: ['WHERE'] }[kind];
  const rest =
    words.find(({ word, start }) => ends.includes(word) && start >= name.end)?.start ?? text.length;
  const where = words.find(({ word, start }) => word === 'WHERE' && start >= rest) ?? null;
  const middle = text.slice(rest, where?.start ?? text.length);
  const list =
    node['fromClause'] === undefined && node['usingClause'] === undefined ? undefined : listWord(words, rest);
  return {
    kind,
    table: name.text,
    only: relation.inh !== true,
    alias: quoteIdent(relation.alias?.aliasname ?? relation.relname),
    head: text.slice(0, verb.end),
    middle: kind === 'read' ? '' : middle,
    from: list === undefined || kind === 'read' ? null : text.slice(list.end, where?.start ?? text.length),
    where: where === null ? null : text.slice(where.end),
    columns: kind === 'update' ? setColumns(node) : [],
  };
}

/** The FROM or USING of the other tables; `is distinct from` is no clause. */
function listWord(words: readonly Word[], from: number): Word | undefined {
  return words.find(
    ({ word, start }, index) =>
      start >= from && (word === 'USING' || (word === 'FROM' && words[index - 1]?.word !== 'DISTINCT')),
  );
}

function setColumns(node: Node): readonly string[] {
  const targets = (node['targetList'] ?? []) as readonly { ResTarget?: { name?: string } }[];
  return [...new Set(targets.flatMap(({ ResTarget }) => ResTarget?.name ?? []))];
}

/** The unquoted words outside of parentheses. SET, FROM, USING and WHERE are clauses there and nothing else: UPDATE and DELETE put no name of that spelling before them unquoted. */
function outerWords(text: string): Word[] {
  const lexer = new Lexer(text);
  const words: Word[] = [];
  let depth = 0;
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    const { start, end } = lexer;
    const sign = kind === PUNCT ? text[start] : '';
    if (sign === '(' || sign === '[') depth += 1;
    if (sign === ')' || sign === ']') depth -= 1;
    if (kind === WORD && depth === 0) words.push({ word: text.slice(start, end).toUpperCase(), start, end });
  }
  return words;
}

/** The name at an offset, with its schema. */
function nameAt(text: string, from: number): { readonly text: string; readonly end: number } {
  const lexer = new Lexer(text, from);
  let name = '';
  let end = from;
  let wantsPart = true;
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    const isDot = kind === PUNCT ? text[lexer.start] === '.' : text.slice(lexer.start, lexer.end) === '.';
    if (isDot === wantsPart) break;
    wantsPart = isDot;
    name += text.slice(lexer.start, lexer.end);
    end = lexer.end;
  }
  return { text: name, end };
}

function refused(offset: number, message: string, hint: string): BatchRefusal {
  return { offset, message, hint };
}

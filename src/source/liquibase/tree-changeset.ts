import { Change, type ChangeContext, type ChangeType } from './change.js';
import { changesetChecksum } from './checksum.js';
import { changeTypes } from './changes/index.js';
import { type FileContext, type Includer, runsHere, withInherited } from './context.js';
import { describeChange, summedFields } from './change-fields.js';
import { dbmsMatches } from './expression.js';
import { fieldsChecksum } from './fields-checksum.js';
import type { Changeset, ChangeSql } from './model.js';
import type { Quoting } from './naming.js';
import { canonical, childOf, flagOf, type Node, valueOf } from './node.js';
import { normalPath } from './path.js';
import { invalidChangelog, refusedStep } from './problem.js';
import { sqlEdits } from './modify-sql.js';
import { treePreconditions } from './tree-precondition.js';

interface About {
  readonly file: FileContext;
  readonly includer: Includer;
  /** objectQuotingStrategy of the changelog. */
  readonly quoting: string | null;
}

/** What a changeset says beside its changes. */
const attributes = new Set(
  (
    'id author context contextFilter labels dbms runAlways runOnChange runInTransaction failOnError logicalFilePath ' +
    'objectQuotingStrategy ignore created onValidationFail comment comments preConditions rollback validCheckSum runWith runOrder ' +
    'modifySql runWithSpoolFile'
  ).split(' '),
);

/** @throws {FOREIGN_STEP_REFUSED} {FOREIGN_FILE_INVALID} */
export function treeChangeset(node: Node, about: About): Changeset {
  const { file } = about;
  const need = (name: string): string => {
    const value = valueOf(node, name) ?? '';
    // Blank space around it is a part of it, as Liquibase sees it.
    if (value.trim() !== '') return value;
    throw invalidChangelog(node.place, `a changeset has no "${name}".`, `Give it an ${name}.`);
  };
  const [id, author] = [need('id'), need('author')];
  if (/^\d{4}-\d\d-\d\dT00:00:00$/.test(id)) {
    const message = `the id ${id.slice(0, 10)} is a date without quotes, of which Liquibase makes a text in the time zone of the machine.`;
    throw invalidChangelog(node.place, message, 'Put it in quotes.');
  }
  refuseUnrunnable(node);
  const own = {
    contexts: valueOf(node, 'contextFilter') ?? valueOf(node, 'context'),
    labels: valueOf(node, 'labels'),
  };
  const condition = { ...own, dbms: valueOf(node, 'dbms'), ignore: flagOf(node, 'ignore', false) };
  const base = {
    id,
    author,
    filename: normalPath(valueOf(node, 'logicalFilePath') ?? file.name),
    place: node.place,
    runOnChange: flagOf(node, 'runOnChange', false),
    runAlways: flagOf(node, 'runAlways', false),
    runInTransaction: flagOf(node, 'runInTransaction', true),
    failOnError: childOf(node, 'failOnError') === null ? null : flagOf(node, 'failOnError', true),
    ...withInherited(own, file.inherited),
    comments: (valueOf(node, 'comment') ?? valueOf(node, 'comments') ?? '').trim(),
    runsHere: runsHere(condition, file),
  };
  const said = childOf(node, 'preConditions');
  return {
    ...base,
    preconditions: said === null ? null : treePreconditions(said, file),
    ...work(node, about, base.runsHere),
  };
}

function refuseUnrunnable(node: Node): void {
  const runWith = valueOf(node, 'runWith');
  if (runWith !== null && runWith.toLowerCase() !== 'jdbc') {
    throw refusedStep(
      node.place,
      `the changeset asks to be run by ${runWith}, a program of its own.`,
      'Leave runWith out.',
    );
  }
  const order = childOf(node, 'runOrder');
  if (order !== null)
    throw refusedStep(order.place, '"runOrder" is not known here.', 'Write the changeset without it.');
}

type Work = Pick<Changeset, 'up' | 'down' | 'checksum' | 'description' | 'tag' | 'content'>;

/** What its changes come to. One that does not run here may hold what is for another database. */
function work(node: Node, about: About, isHere: boolean): Work {
  const content = JSON.stringify(canonical(node));
  if (!isHere) return { up: [], down: null, checksum: null, description: '', tag: null, content };
  const context: ChangeContext = { ...about, quoting: quotingOf(node, about) };
  // A change for another database does nothing here; only the description of the changeset names it.
  const all = changesIn(node, attributes).map((child) => new Change(child, context));
  const changes = all.filter((change) => dbmsMatches(change.text('dbms')));
  const typed = changes.map((change) => ({ change, type: typeOf(change) }));
  const edits = sqlEdits(node, about.file);
  const up = typed.flatMap(sqlOf).map((piece) => edits.ofUp(piece));
  const tag = changes.find(({ type }) => type === 'tagDatabase')?.text('tag') ?? null;
  return {
    up,
    down: (rollback(node, context) ?? inverse(typed))?.map((piece) => edits.ofDown(piece)) ?? null,
    checksum: changesetChecksum(typed.map(checksumOf), edits.checksums),
    description: all.length === 0 ? 'empty' : all.map(describe).join('; '),
    tag,
    // What its files hold is part of it.
    content: `${content}${up.map(({ text }) => text).join('\0')}`,
  };
}

interface Typed {
  readonly change: Change;
  readonly type: ChangeType;
}

/** Elements that are changes: directly in XML, in a list of them in YAML. */
function changesIn(node: Node, other: ReadonlySet<string>): readonly Node[] {
  return node.children.flatMap((child) => {
    if (child.name === 'changes') return changesIn(child, new Set());
    return other.has(child.name) ? [] : [child];
  });
}

const program: Readonly<Record<string, string>> = {
  customChange: 'a class of Java',
  executeCommand: 'a program of the shell',
};

function typeOf(change: Change): ChangeType {
  const type = changeTypes[change.type];
  if (type !== undefined && Object.hasOwn(changeTypes, change.type)) return type;
  const why = program[change.type];
  return change.refuse(
    why === undefined ? `the change "${change.type}" is not known here.` : `"${change.type}" runs ${why}.`,
  );
}

const sqlOf = ({ change, type }: Typed): readonly ChangeSql[] =>
  type.up(change).map((text) => ({ text, place: change.place }));

function checksumOf({ change, type }: Typed): string | null {
  const fields = summedFields(change, type);
  return type.checksum === undefined ? fieldsChecksum(change.type, fields) : type.checksum(change, fields);
}

const describe = (change: Change): string => describeChange(change, typeOf(change));

function quotingOf(node: Node, { quoting }: About): Quoting {
  const said = valueOf(node, 'objectQuotingStrategy') ?? quoting ?? 'LEGACY';
  return said === 'QUOTE_ALL_OBJECTS' || said === 'QUOTE_ONLY_RESERVED_WORDS' ? said : 'LEGACY';
}

/** The way back that each change has by itself, from the last to the first; null where one has none. */
function inverse(typed: readonly Typed[]): readonly ChangeSql[] | null {
  const back: ChangeSql[] = [];
  for (const { change, type } of typed.toReversed()) {
    const texts = type.down?.(change) ?? null;
    if (texts === null) return null;
    back.push(...texts.map((text) => ({ text, place: change.place })));
  }
  return back;
}

const rollbackSettings = new Set([
  'changeSetId',
  'changeSetAuthor',
  'changeSetPath',
  'id',
  'author',
  'path',
  'comment',
]);

/** The way back that the changeset says; null where it says none. */
function rollback(node: Node, context: ChangeContext): readonly ChangeSql[] | null {
  const said = node.children.filter(({ name }) => name === 'rollback');
  if (said.length === 0) return null;
  return said.flatMap((one) => {
    const id = valueOf(one, 'changeSetId');
    if (id !== null) return again(one, id, context);
    const text = one.value === null ? [] : [{ text: one.value, place: one.place }];
    const changes = changesIn(one, rollbackSettings).map((child) => new Change(child, context));
    return [...text, ...changes.flatMap((change) => sqlOf({ change, type: typeOf(change) }))];
  });
}

/** The way back is to run another changeset again. */
function again(node: Node, id: string, { file }: ChangeContext): readonly ChangeSql[] {
  const author = valueOf(node, 'changeSetAuthor');
  const path = normalPath(valueOf(node, 'changeSetPath') ?? file.name);
  const found = file.gathered.changesets.find(
    (one) => one.id === id && one.author === author && one.filename === path,
  );
  if (found !== undefined) return found.up;
  const message = `its rollback names the changeset ${path}::${id}::${author ?? ''}, which does not come before it.`;
  throw invalidChangelog(node.place, message, 'Correct the id, author and path.');
}

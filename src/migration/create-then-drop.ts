import type { Statement } from '../sql/statement.js';

/** Up and down in one file with nothing but a comment, or nothing at all, between them. */
export interface CreateThenDrop {
  /** What is created and dropped again: `table users`. */
  readonly object: string;
  readonly create: Statement;
  readonly drop: Statement;
  /** Where the way down seems to begin. */
  readonly boundary: Statement;
}

interface Deed {
  readonly statement: Statement;
  readonly creates: string | null;
  readonly drops: string | null;
  readonly relation: string | null;
  /** The comments between this statement and the one before it say that the way back begins. */
  readonly announced: boolean;
}

const backWord = /\b(?:down|roll\s?back|revert|undo)\b/i;
const backFirst = /^[^\w]*(?:to\s+)?(?:down|roll\s?back|revert|undo)\b/i;
const relationName = String.raw`((?:"[^"]*"|[\w$])+(?:\.(?:"[^"]*"|[\w$])+)?)`;
const alterTable = String.raw`^alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?${relationName}\s+`;
const columnName = String.raw`(?:column\s+)?(?:if\s+(?:not\s+)?exists\s+)?("[^"]*"|\w+)`;
const addColumn = new RegExp(`${alterTable}add\\s+${columnName}`, 'i');
const dropColumn = new RegExp(`${alterTable}drop\\s+${columnName}`, 'i');

/**
 * Finds a script that ends by taking back what it began with. Two signs are believed: a comment that says so
 * ("-- Down", "-- Rollback") before drops of what stands above it; or a script whose whole effect is undone by the
 * drops at its end. A helper table that is filled, used and dropped gives neither.
 */
export function findCreateThenDrop(text: string, statements: readonly Statement[]): CreateThenDrop | null {
  if (!/\bdrop\b/i.test(text)) return null;
  const deeds = readDeeds(text, statements);
  for (let index = 1; index < deeds.length; index += 1) {
    if (deeds[index]?.announced !== true) continue;
    const tail = deeds.slice(index);
    if (tail.some((deed) => deed.creates !== null)) continue;
    const found = firstUndone(deeds.slice(0, index), tail);
    if (found !== null) return found;
  }
  return findUndoneAltogether(deeds);
}

function findUndoneAltogether(deeds: readonly Deed[]): CreateThenDrop | null {
  let begin = deeds.length;
  while (begin > 0 && deeds[begin - 1]?.drops !== null) begin -= 1;
  const head = deeds.slice(0, begin);
  const tail = deeds.slice(begin);
  if (!head.some((deed) => deed.creates !== null)) return null;
  return head.every((deed) => isUndone(deed, tail)) ? firstUndone(head, tail) : null;
}

/** Undone: its object is dropped, or the table that it belongs to or works on. */
function isUndone(deed: Deed, tail: readonly Deed[]): boolean {
  const { creates, relation } = deed;
  return tail.some(
    ({ drops }) =>
      drops !== null &&
      ((creates !== null && sameObject(creates, drops)) ||
        (relation !== null && sameObject(`table ${relation}`, drops))),
  );
}

function firstUndone(head: readonly Deed[], tail: readonly Deed[]): CreateThenDrop | null {
  const [boundary] = tail;
  if (boundary === undefined) return null;
  for (const { statement: create, creates } of head) {
    const drop = tail.find(({ drops }) => creates !== null && drops !== null && sameObject(creates, drops));
    if (creates !== null && drop !== undefined) {
      return { object: creates, create, drop: drop.statement, boundary: boundary.statement };
    }
  }
  return null;
}

/** Statements that do something, with what they create and drop; SET, BEGIN and the like are left out. */
function readDeeds(text: string, statements: readonly Statement[]): Deed[] {
  const deeds: Deed[] = [];
  let previousEnd = 0;
  let announced = false;
  for (const statement of statements) {
    announced ||= announcesWayBack(text.slice(previousEnd, statement.start));
    previousEnd = statement.copyData?.end ?? statement.end;
    const { traits } = statement;
    const setting = traits.sessionState === 'set' || traits.transactionState?.startsWith('SET') === true;
    if (setting || traits.control !== null) continue;
    const column = columnDeed(text.slice(statement.start, statement.end));
    deeds.push({
      statement,
      creates: traits.sessionState === 'temp' ? null : (traits.creates ?? column.creates),
      drops: traits.drops ?? column.drops,
      relation: traits.relation === null ? null : fold(traits.relation),
      announced,
    });
    announced = false;
  }
  return deeds;
}

function columnDeed(sql: string): { creates: string | null; drops: string | null } {
  const added = addColumn.exec(sql);
  const dropped = dropColumn.exec(sql);
  const notColumns = /^(?:constraint|primary|foreign|unique|check|exclude|not)$/i;
  const object = (match: RegExpExecArray | null): string | null =>
    match === null || notColumns.test(match[2] ?? '') ? null : `column ${fold(`${match[1]}.${match[2]}`)}`;
  return { creates: object(added), drops: object(dropped) };
}

/** Whether a comment between two statements is a heading of the way back. */
function announcesWayBack(between: string): boolean {
  return between.split('\n').some((line) => {
    const words = line.split(/[^\w']+/).filter((word) => word !== '');
    return backFirst.test(line) || (words.length <= 4 && backWord.test(line));
  });
}

/** `table users` and `table public.users` are taken for one; the search path is not known here. */
function sameObject(a: string, b: string): boolean {
  if (a === b) return true;
  const [kindA, nameA] = cut(a);
  const [kindB, nameB] = cut(b);
  if (kindA !== kindB) return false;
  return nameA.endsWith(`.${nameB}`) || nameB.endsWith(`.${nameA}`);
}

function cut(object: string): [string, string] {
  const blank = object.lastIndexOf(' ');
  return [object.slice(0, blank), object.slice(blank + 1)];
}

/** As the server folds it: lower case where there are no quotes. */
function fold(name: string): string {
  return name.replaceAll(/"([^"]*)"|([^".]+)/g, (_, quoted?: string, plain?: string) =>
    quoted === undefined ? (plain ?? '').toLowerCase() : quoted,
  );
}

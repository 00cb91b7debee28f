import { PUNCT } from '../lexer.js';
import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { callTraits } from './call.js';
import { nameAt, type Name } from './name.js';
import { asksForTheTime, notImmutable } from './immutable.js';
import { afterIfExists, kindName, objectKindAt } from './object.js';
import { optionValue } from './option.js';
import { traits, withTraits } from './traits.js';

/** Words that may stand between CREATE and the kind of object. */
const modifiers = [
  'OR',
  'REPLACE',
  'UNIQUE',
  'TEMP',
  'TEMPORARY',
  'UNLOGGED',
  'LOCAL',
  'GLOBAL',
  'RECURSIVE',
  'CONSTRAINT',
  'TRUSTED',
  'PROCEDURAL',
] as const;

export function classifyCreate(tokens: TokenList): StatementTraits {
  const { temp, next: at } = skipModifiers(tokens);
  const { kind, next, known } = objectKindAt(tokens, at);
  if (kind === 'INDEX') return classifyCreateIndex(tokens, next);
  const name = nameAt(tokens, afterIfExists(tokens, next));
  const basis = traits(`CREATE ${kind}`, {
    certain: known,
    creates: name === null ? null : `${kindName(kind)} ${name.folded}`,
    sessionState: temp || name?.parts[0] === 'pg_temp' ? 'temp' : null,
  });
  return name === null ? basis : withTraits(basis, creation(tokens, kind, name));
}

/** Passes over what may stand between CREATE and the kind of object. */
export function skipModifiers(tokens: TokenList): { readonly temp: boolean; readonly next: number } {
  let next = 1;
  let temp = false;
  while (tokens.isAny(next, modifiers)) {
    if (tokens.is(next, 'TEMP') || tokens.is(next, 'TEMPORARY')) temp = true;
    next++;
  }
  return { temp, next };
}

/** What more there is to say of each kind. */
function creation(tokens: TokenList, kind: string, name: Name): Partial<StatementTraits> {
  const relation = name.written;
  switch (kind) {
    case 'TABLE':
      return { relation, ...tableTraits(tokens, name) };
    case 'MATERIALIZED VIEW':
      return { relation, optimizable: true, ...callTraits(tokens) };
    case 'VIEW':
    case 'SEQUENCE':
    case 'FOREIGN TABLE':
      return { relation };
    case 'SCHEMA':
      return schemaTraits(tokens, name);
    case 'TRIGGER':
    case 'POLICY':
      return onTable(kind, name, nameAt(tokens, tokens.find(name.next, ['ON']) + 1));
    case 'RULE':
      return onTable(kind, name, nameAt(tokens, tokens.find(name.next, ['TO']) + 1));
    case 'DATABASE':
    case 'TABLESPACE':
      return { inTransaction: 'no' };
    case 'SUBSCRIPTION':
      return { inTransaction: makesSlot(tokens, name.next) ? 'no' : 'yes' };
    default:
      return {};
  }
}

/** Triggers, rules and policies are named within their table. */
function onTable(kind: string, name: Name, table: Name | null): Partial<StatementTraits> {
  const where = table === null ? '' : ` on ${table.folded}`;
  return { relation: table?.written ?? null, creates: `${kindName(kind)} ${name.folded}${where}` };
}

/** CREATE INDEX [CONCURRENTLY] [[IF NOT EXISTS] name] ON [ONLY] table. */
function classifyCreateIndex(tokens: TokenList, from: number): StatementTraits {
  const concurrently = tokens.is(from, 'CONCURRENTLY');
  const at = afterIfExists(tokens, concurrently ? from + 1 : from);
  const name = tokens.is(at, 'ON') ? null : nameAt(tokens, at);
  const on = (name?.next ?? at) + 1;
  const table = nameAt(tokens, tokens.is(on, 'ONLY') ? on + 1 : on);
  return traits(`CREATE INDEX${concurrently ? ' CONCURRENTLY' : ''}`, {
    inTransaction: concurrently ? 'no' : 'yes',
    waitsForSnapshots: concurrently,
    relation: table?.written ?? null,
    creates: name === null ? null : `index ${name.folded}`,
    ...(asksForTheTime(tokens, table?.next ?? on) ? { refused: notImmutable } : {}),
  });
}

function tableTraits(tokens: TokenList, name: Name): Partial<StatementTraits> {
  const query = tokens.find(name.next, ['AS']) > 0;
  const commit = tokens.find(name.next, ['ON', 'COMMIT']) + 2;
  const drop = commit > 1 && tokens.is(commit, 'DROP');
  const clears = drop || (commit > 1 && tokens.is(commit, 'DELETE'));
  return {
    ...(query ? { optimizable: true, ...callTraits(tokens) } : {}),
    ...(clears ? { transactionState: `CREATE TEMP TABLE … ON COMMIT ${drop ? 'DROP' : 'DELETE ROWS'}` } : {}),
    ...(drop ? { sessionState: null } : {}),
  };
}

/** Without a name of its own, a schema has that of its owner. */
function schemaTraits(tokens: TokenList, name: Name): Partial<StatementTraits> {
  const bare = tokens.is(name.next - 1, 'AUTHORIZATION') && name.parts.length === 1;
  const owner = bare ? nameAt(tokens, name.next) : null;
  return owner === null ? {} : { creates: `schema ${owner.folded}` };
}

/** A subscription that makes a replication slot cannot be rolled back, so it is refused in a transaction. */
function makesSlot(tokens: TokenList, from: number): boolean {
  const open = tokens.find(from, ['WITH']) + 1;
  if (open === 0 || tokens.kind(open) !== PUNCT) return true;
  return optionValue(tokens, open, 'CONNECT') !== false && optionValue(tokens, open, 'CREATE_SLOT') !== false;
}

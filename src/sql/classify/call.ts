import { QUOTED } from '../lexer.js';
import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { literalValue } from './literal.js';
import { identifier } from './name.js';
import { settingTraits } from './session.js';

const watched =
  /^(?:set_config|currval|lastval|pg_advisory_unlock_all|pg_(?:try_)?advisory_xact_lock(?:_shared)?)$/;

/**
 * What calls in a statement that runs them do to transaction and session. Only calls at token level count: the same
 * words in a string or in a dollar-quoted body are data.
 */
export function callTraits(tokens: TokenList): Partial<StatementTraits> {
  let found: Partial<StatementTraits> = {};
  for (let index = 0; index < tokens.count - 1; index++) {
    if (!isCandidate(tokens, index)) continue;
    const name = identifier(tokens, index);
    if (watched.test(name)) found = { ...found, ...callOf(tokens, index + 1, name) };
  }
  return found;
}

/** Cheap test before anything is copied: a name that may be a watched one, with a parenthesis after it. */
function isCandidate(tokens: TokenList, index: number): boolean {
  const length = tokens.end(index) - tokens.start(index);
  if (length < 7 || !tokens.isName(index) || !tokens.sign(index + 1, '(')) return false;
  if (tokens.kind(index) === QUOTED) return true;
  const first = tokens.text.charCodeAt(tokens.start(index)) | 32;
  return first === 112 /* p */ || first === 115 /* s */ || first === 99 /* c */ || first === 108; /* l */
}

function callOf(tokens: TokenList, open: number, name: string): Partial<StatementTraits> {
  switch (name) {
    case 'set_config':
      return setConfig(tokens, open);
    case 'currval':
    case 'lastval':
      return { readsSequenceState: true };
    case 'pg_advisory_unlock_all':
      return { refused: 'pg_advisory_unlock_all() gives up the migration lock of the session.' };
    default:
      return { transactionState: `${name}()` };
  }
}

/** set_config(name, value, is_local): a SET, or a SET LOCAL when the third argument is not plainly false. */
function setConfig(tokens: TokenList, open: number): Partial<StatementTraits> {
  const [name, value, local] = argumentsOf(tokens, open);
  const setting = name ?? null;
  const lasting = local === 'false' || local === 'f' || local === 'off' || local === '0' || local === 'no';
  return {
    ...(lasting
      ? { sessionState: onlySetsConfig(tokens) ? ('set' as const) : ('prepare' as const) }
      : { transactionState: 'set_config(…, true)' }),
    ...(setting === null ? {} : settingTraits(setting, () => value ?? null)),
  };
}

/**
 * Whether a statement is SELECT set_config(…) and nothing else, so that a resume may run it again. Any other is like a
 * prepared statement: what it left in the session cannot be brought back.
 */
function onlySetsConfig(tokens: TokenList): boolean {
  if (!tokens.is(0, 'SELECT') || tokens.find(1, ['FROM']) > 0 || tokens.find(1, ['INTO']) > 0) return false;
  for (let index = 1; index < tokens.count; index++) {
    if (tokens.nesting(index) !== 1) continue;
    if (identifier(tokens, index - 1) !== 'set_config') return false;
    index = tokens.afterParenthesis(index) - 1;
  }
  return true;
}

/** The arguments of a call, each as its literal value, or null where it is more than one token. */
function argumentsOf(tokens: TokenList, open: number): (string | null)[] {
  const end = tokens.afterParenthesis(open) - 1;
  const values: (string | null)[] = [];
  let from = open + 1;
  let depth = 0;
  for (let index = open + 1; index <= end; index++) {
    if (depth === 0 && (index === end || tokens.sign(index, ','))) {
      const first = tokens.sign(from + 1, '=>') || tokens.sign(from + 1, ':=') ? from + 2 : from;
      const cast = tokens.sign(first + 1, '::');
      values.push(first === index - 1 || cast ? literalValue(tokens, first) : null);
      from = index + 1;
    }
    depth += tokens.nesting(index);
  }
  return values;
}

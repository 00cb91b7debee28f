import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { literalValue } from './literal.js';
import { identifier } from './name.js';
import { traits } from './traits.js';
import { classifySetTransaction } from './transaction.js';

/** SET in all its forms. */
export function classifySet(tokens: TokenList): StatementTraits {
  if (tokens.is(1, 'CONSTRAINTS')) return classifyConstraints(tokens);
  const local = tokens.is(1, 'LOCAL');
  // SESSION AUTHORIZATION and SESSION CHARACTERISTICS are names of their own, not SET SESSION of something.
  const session =
    tokens.is(1, 'SESSION') && !tokens.is(2, 'AUTHORIZATION') && !tokens.is(2, 'CHARACTERISTICS');
  const at = local || session ? 2 : 1;
  if (tokens.is(at, 'TRANSACTION')) return classifySetTransaction(tokens, at + 1);
  const label = `SET ${local ? 'LOCAL ' : ''}${settingLabel(tokens, at)}`;
  const readOnly = tokens.has(1, ['SESSION', 'CHARACTERISTICS']) && endsReadOnly(tokens);
  return traits(label, {
    ...(readOnly ? { refused: readOnlyRefused } : {}),
    ...(local ? { transactionState: label } : { sessionState: 'set' as const }),
    ...settingTraits(settingName(tokens, at), () => settingValue(tokens, at + 1)),
  });
}

/** RESET is session state too: replayed on resume, in its order among the SETs. */
export function classifyReset(tokens: TokenList): StatementTraits {
  return traits(`RESET ${settingLabel(tokens, 1)}`, { sessionState: 'set' });
}

export function classifyDiscard(tokens: TokenList): StatementTraits {
  const what = tokens.word(1);
  if (what !== 'ALL') return traits(`DISCARD ${what}`);
  return traits('DISCARD ALL', {
    inTransaction: 'no',
    refused: 'DISCARD ALL gives up every advisory lock of the session, the migration lock among them.',
  });
}

/**
 * What setting this to that means, for SET and for set_config() alike. `value` is null where it is not a literal, and
 * `default` for DEFAULT.
 */
export function settingTraits(name: string, value: () => string | null): Partial<StatementTraits> {
  switch (name) {
    case 'lock_timeout':
    case 'statement_timeout':
      return { setsTimeout: true };
    case 'standard_conforming_strings':
      return isOn(value()) ? {} : { refused: stringsRefused };
    case 'client_encoding':
    case 'names':
      return isUtf8(value()) ? {} : { refused: encodingRefused };
    case 'default_transaction_read_only': {
      const said = value();
      return said !== 'default' && isOn(said) ? { refused: readOnlyRefused } : {};
    }
    default:
      return {};
  }
}

/** Its options come in any order, with or without commas: `ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE`. */
function endsReadOnly(tokens: TokenList): boolean {
  for (let at = 4; at < tokens.count - 1; at++) if (tokens.has(at, ['READ', 'ONLY'])) return true;
  return false;
}

const readOnlyRefused =
  'The later transactions of the session would be read-only, and each of them writes what was done into the journal.';
const stringsRefused =
  'With standard_conforming_strings off a backslash escapes a quote, so the server would end strings and statements ' +
  'elsewhere than Lockkeeper does.';
const encodingRefused = 'Files are read and sent as UTF-8, so client_encoding has to stay UTF8.';

/** SET CONSTRAINTS … DEFERRED lasts to the end of the transaction; IMMEDIATE checks now and leaves nothing open. */
function classifyConstraints(tokens: TokenList): StatementTraits {
  const deferred = tokens.is(tokens.count - 1, 'DEFERRED');
  return traits('SET CONSTRAINTS', { transactionState: deferred ? 'SET CONSTRAINTS … DEFERRED' : null });
}

function settingLabel(tokens: TokenList, at: number): string {
  if (tokens.is(at, 'SESSION')) return `SESSION ${tokens.word(at + 1)}`;
  if (tokens.has(at, ['TIME', 'ZONE'])) return 'TIME ZONE';
  const name = settingName(tokens, at);
  return tokens.sign(at + 1, '=') || tokens.is(at + 1, 'TO') || name.includes('_')
    ? name
    : name.toUpperCase();
}

/** Setting names are compared without regard to case, quoted or not. */
function settingName(tokens: TokenList, at: number): string {
  const name = identifier(tokens, at).toLowerCase();
  return tokens.sign(at + 1, '.') ? `${name}.${identifier(tokens, at + 2).toLowerCase()}` : name;
}

/** The value after TO or `=` (or directly after NAMES), without quotes and in small letters; null when it is a list. */
function settingValue(tokens: TokenList, after: number): string | null {
  const at = tokens.is(after, 'TO') || tokens.sign(after, '=') ? after + 1 : after;
  if (at >= tokens.count) return 'default';
  return at === tokens.count - 1 ? literalValue(tokens, at) : null;
}

/** parse_bool() takes every unambiguous beginning of true and yes, and `on` and `1`. */
function isOn(value: string | null): boolean {
  if (value === null || value === '') return false;
  return (
    value === 'default' ||
    value === 'on' ||
    value === '1' ||
    'true'.startsWith(value) ||
    'yes'.startsWith(value)
  );
}

/** Encoding names are compared by their letters and digits; UNICODE is PostgreSQL's old name of UTF8. */
function isUtf8(value: string | null): boolean {
  const name = value?.replaceAll(/[^a-z0-9]/g, '');
  return name === 'utf8' || name === 'unicode' || name === 'default';
}

import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { nameAt } from './name.js';
import { afterIfExists, objectKindAt } from './object.js';
import { hasOption, optionValue } from './option.js';
import { traits, withTraits } from './traits.js';

export function classifyAlter(tokens: TokenList): StatementTraits {
  const { kind, next, known } = objectKindAt(tokens, 1);
  const label = `ALTER ${kind}`;
  if (kind === 'SYSTEM') return traits(label, { inTransaction: 'no' });
  const named = afterIfExists(tokens, next);
  const name = nameAt(tokens, tokens.is(named, 'ONLY') ? named + 1 : named);
  if (name === null) return traits(label, { certain: known });
  const basis = traits(label, { certain: known });
  switch (kind) {
    case 'TABLE':
    case 'FOREIGN TABLE':
      return withTraits(basis, { relation: name.written, ...tableTraits(tokens, name.next, label) });
    case 'INDEX':
    case 'VIEW':
    case 'MATERIALIZED VIEW':
    case 'SEQUENCE':
      return withTraits(basis, { relation: name.written });
    case 'DOMAIN':
      return withTraits(basis, { relation: name.written, ...constraintTraits(tokens, name.next) });
    case 'TYPE':
      return withTraits(basis, { relation: name.written, ...typeTraits(tokens, name.next) });
    case 'DATABASE':
      return withTraits(basis, {
        inTransaction: tokens.has(name.next, ['SET', 'TABLESPACE']) ? 'no' : 'yes',
      });
    case 'SUBSCRIPTION':
      return withTraits(basis, { inTransaction: movesSlot(tokens, name.next) ? 'no' : 'yes' });
    default:
      return basis;
  }
}

function tableTraits(tokens: TokenList, from: number, label: string): Partial<StatementTraits> {
  const detach = tokens.find(from, ['DETACH', 'PARTITION']);
  const child = detach < 0 ? null : nameAt(tokens, detach + 2);
  if (child !== null && tokens.is(child.next, 'CONCURRENTLY')) {
    return { label: `${label} DETACH CONCURRENTLY`, inTransaction: 'no' };
  }
  if (child !== null && tokens.is(child.next, 'FINALIZE')) return { label: `${label} DETACH FINALIZE` };
  return constraintTraits(tokens, from);
}

function constraintTraits(tokens: TokenList, from: number): Partial<StatementTraits> {
  return {
    addsNotValid: tokens.find(from, ['NOT', 'VALID']) > 0,
    validates: tokens.find(from, ['VALIDATE', 'CONSTRAINT']) > 0,
  };
}

function typeTraits(tokens: TokenList, from: number): Partial<StatementTraits> {
  return tokens.has(from, ['ADD', 'VALUE']) ? { label: 'ALTER TYPE ADD VALUE', commitAfter: true } : {};
}

/**
 * Forms of ALTER SUBSCRIPTION that talk to the publisher (manual, ALTER SUBSCRIPTION): REFRESH PUBLICATION, a change
 * of publications that refreshes (the default), and changes of failover and two_phase (17 and 18).
 */
function movesSlot(tokens: TokenList, at: number): boolean {
  if (tokens.is(at, 'REFRESH')) return true;
  if (/^(SET|ADD|DROP)$/.test(tokens.word(at)) && tokens.is(at + 1, 'PUBLICATION')) {
    const options = tokens.find(at + 2, ['WITH']) + 1;
    return options === 0 || optionValue(tokens, options, 'REFRESH') !== false;
  }
  if (!tokens.is(at, 'SET') || !tokens.sign(at + 1, '(')) return false;
  return hasOption(tokens, at + 1, 'FAILOVER') || hasOption(tokens, at + 1, 'TWO_PHASE');
}

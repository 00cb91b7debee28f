import type { StatementTraits } from '../statement.js';

const nothingSpecial: Omit<StatementTraits, 'label'> = {
  inTransaction: 'yes',
  control: null,
  transactionOptions: null,
  commitAfter: false,
  validates: false,
  addsNotValid: false,
  transactionState: null,
  sessionState: null,
  refused: null,
  setsTimeout: false,
  waitsForSnapshots: false,
  relation: null,
  creates: null,
  drops: null,
  optimizable: false,
  readsSequenceState: false,
  certain: true,
};

/**
 * The traits of a statement about which there is nothing to say, but for what is given. What is not given is
 * inherited: of thousands of statements, nearly every trait is the same.
 */
export function traits(label: string, special: Partial<StatementTraits> = {}): StatementTraits {
  return withTraits({ label } as StatementTraits, special);
}

/** The same traits, but for what is given. */
export function withTraits(basis: StatementTraits, special: Partial<StatementTraits>): StatementTraits {
  return Object.assign(Object.create(nothingSpecial) as StatementTraits, basis, special);
}

import type { StatementTraits } from '../statement.js';

/** The traits of a statement about which there is nothing to say, but for what is given. */
export function traits(label: string, special: Partial<StatementTraits> = {}): StatementTraits {
  return {
    label,
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
    ...special,
  };
}

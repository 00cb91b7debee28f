import type { ChangeTypes } from '../change.js';
import { columnChanges } from './columns.js';
import { constraintChanges } from './constraints.js';
import { dataChanges } from './data.js';
import { otherChanges } from './others.js';
import { plainChanges } from './plain.js';
import { routineChanges } from './routines.js';
import { tableChanges } from './tables.js';

/** Every change that is run here, by the name that a changelog gives it. */
export const changeTypes: ChangeTypes = {
  ...tableChanges,
  ...columnChanges,
  ...constraintChanges,
  ...otherChanges,
  ...routineChanges,
  ...dataChanges,
  ...plainChanges,
};

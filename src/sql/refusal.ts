import type { ErrorCode } from '../core/error-catalogue.js';
import { notImmutable } from './classify/immutable.js';

/** What to call a statement that is never sent, and what its author can do. */
export function refusalOf(refused: string): { readonly code: ErrorCode; readonly hint: string } {
  if (refused === notImmutable) {
    return {
      code: 'SQL_REFUSED',
      hint: 'Leave the time out of the index, and compare with it in the query; a plain index on the column serves that.',
    };
  }
  return {
    code: 'SESSION_COMMAND_REFUSED',
    hint: 'Leave it out; Lockkeeper puts the session back after every migration by itself.',
  };
}

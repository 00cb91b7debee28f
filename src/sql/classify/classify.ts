import type { StatementTraits } from '../statement.js';
import type { TokenList } from '../token-list.js';
import { classifyAlter } from './alter.js';
import { classifyCreate } from './create.js';
import { classifyDrop } from './drop.js';
import { classifyCluster, classifyReindex, classifyVacuum } from './maintenance.js';
import { classifyDiscard, classifyReset, classifySet } from './session.js';
import {
  classifyBegin,
  classifyCommit,
  classifyPrepare,
  classifyRollback,
  classifySavepoint,
} from './transaction.js';
import { classifyQuery, classifyUtility } from './other.js';

/**
 * What a statement means for transactions and for the session, told from its tokens: by command, options and (for
 * REINDEX and CLUSTER) the kind of relation. The word CONCURRENTLY alone decides nothing: REFRESH MATERIALIZED VIEW
 * CONCURRENTLY runs in a transaction. The table is tested on real servers in `test/sql/classify.pg.test.ts`.
 */
export function classify(tokens: TokenList): StatementTraits {
  switch (tokens.word(0)) {
    case 'CREATE':
      return classifyCreate(tokens);
    case 'ALTER':
      return classifyAlter(tokens);
    case 'DROP':
      return classifyDrop(tokens);
    case 'SET':
      return classifySet(tokens);
    case 'RESET':
      return classifyReset(tokens);
    case 'BEGIN':
    case 'START':
      return classifyBegin(tokens);
    case 'COMMIT':
    case 'END':
      return classifyCommit(tokens);
    case 'ROLLBACK':
    case 'ABORT':
      return classifyRollback(tokens);
    case 'SAVEPOINT':
    case 'RELEASE':
      return classifySavepoint(tokens);
    case 'PREPARE':
      return classifyPrepare(tokens);
    case 'DISCARD':
      return classifyDiscard(tokens);
    case 'VACUUM':
      return classifyVacuum(tokens);
    case 'REINDEX':
      return classifyReindex(tokens);
    case 'CLUSTER':
      return classifyCluster(tokens);
    case 'SELECT':
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
    case 'VALUES':
    case 'TABLE':
    case 'WITH':
    case '':
      return classifyQuery(tokens);
    default:
      return classifyUtility(tokens);
  }
}

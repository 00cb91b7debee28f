import { createRow, dropRow } from './catalog-row.js';
import { createIndex } from './create-index.js';
import { detachPartition } from './detach-partition.js';
import { dropIndex } from './drop-index.js';
import { reindex } from './reindex.js';
import type { Remedy } from './remedy.js';

/** Statements that do no harm when they run twice, so that nothing has to be known of the first time. */
const repeatable: Remedy<object> = {
  kind: 'repeatable',
  leavesRemains: false,
  capture: () => Promise.resolve({}),
  settle: () => Promise.resolve('again'),
};

/** What each statement that no transaction can hold is settled by, by the label of its class (ENGINE D16). */
const table: readonly (readonly [RegExp, Remedy<object>])[] = [
  [/^CREATE INDEX CONCURRENTLY$/, createIndex],
  [/^DROP INDEX CONCURRENTLY$/, dropIndex],
  [/^REINDEX (INDEX|TABLE|SCHEMA|DATABASE) CONCURRENTLY$/, reindex],
  [/^ALTER TABLE DETACH CONCURRENTLY$/, detachPartition],
  [/^CREATE (DATABASE|TABLESPACE|SUBSCRIPTION)$/, createRow],
  [/^DROP (DATABASE|TABLESPACE|SUBSCRIPTION)$/, dropRow],
  // ALTER DATABASE is alone only as SET TABLESPACE, which does nothing where the database is there already.
  [
    /^(VACUUM|ANALY[SZ]E|CLUSTER|REINDEX (SCHEMA|DATABASE|SYSTEM|TABLE|INDEX)|ALTER SYSTEM|ALTER DATABASE)$/,
    repeatable,
  ],
];

/** The remedy for a statement; null where PostgreSQL does not record what became of it. */
export function remedyFor(label: string): Remedy<object> | null {
  return table.find(([pattern]) => pattern.test(label))?.[1] ?? null;
}

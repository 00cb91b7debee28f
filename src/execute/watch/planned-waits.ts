import type { SqlScript } from '../../migration/migration.js';
import type { TransactionStep } from '../../migration/step.js';
import { droppedObjects, foldName } from '../../sql/object-name.js';
import type { Statement } from '../../sql/statement.js';

/**
 * For how many locks a transaction may have to wait, told from its statements: the relations they name that it has not
 * made itself, and one for each other statement. At least 1. Too many where a text only looks like a reference; then
 * each wait gets less than it could have.
 */
export function countPlannedWaits(script: SqlScript, step: Pick<TransactionStep, 'statements'>): number {
  const made = new Set<string>();
  const awaited = new Set<string>();
  let unnamed = 0;
  for (const statement of step.statements) {
    const { traits } = statement;
    const targets = targetsOf(script.text, statement).filter((name) => !made.has(name));
    for (const name of targets) awaited.add(name);
    if (traits.creates !== null) made.add(nameOf(traits.creates));
    const isSilent =
      traits.sessionState !== null || traits.transactionState !== null || traits.control !== null;
    if (targets.length === 0 && traits.creates === null && traits.relation === null && !isSilent)
      unnamed += 1;
  }
  return Math.max(1, awaited.size + unnamed);
}

function targetsOf(text: string, statement: Statement): readonly string[] {
  const { traits } = statement;
  const creates = traits.creates === null ? null : nameOf(traits.creates);
  const relation = traits.relation === null ? null : foldName(traits.relation);
  const body = text.slice(statement.start, statement.end);
  const references = [...body.matchAll(/\breferences\s+((?:"[^"]+"|[\w$.])+)/gi)].map(([, name]) =>
    foldName(name ?? ''),
  );
  return [
    ...(relation === null || relation === creates ? [] : [relation]),
    ...droppedObjects(text, statement).map(nameOf),
    ...references.filter((name) => name !== creates),
  ];
}

/** `table public.users` → `public.users` */
const nameOf = (object: string): string => object.slice(object.indexOf(' ') + 1);

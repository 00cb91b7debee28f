const controls =
  /\b(begin(?:\s+(?:work|transaction))?|start\s+transaction)\s*(?=;|[`'"])|\b(?:commit|rollback)(?:\s+(?:work|transaction))?\s*(?=;|[`'"]|$)/gi;

/**
 * Whether code seems to end a transaction that it has not begun: its tool's own. What stands behind such a COMMIT runs
 * without one, and so has to be known before ours begins. The text of a file is all there is to go by; a COMMIT that
 * only looks like one costs nothing but that the migration and its history are two transactions.
 */
export function seemsToCommit(text: string): boolean {
  let open = 0;
  for (const [, begins] of text.matchAll(controls)) {
    if (begins !== undefined) open += 1;
    else if (open === 0) return true;
    else open -= 1;
  }
  return false;
}

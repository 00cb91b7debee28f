interface Held {
  readonly value: string;
  runs: number;
}

/** What was put on process.env, and for how many runs at once. */
const held = new Map<string, Held>();

/**
 * Runs `work` with the variables of the project (those of `.env` among them) on process.env, where nothing of that name
 * is there. A migration that opens a connection of its own by DATABASE_URL would otherwise work on another database than
 * the one whose history says that it was applied.
 */
export async function withVariables<Result>(
  variables: Readonly<Record<string, string>>,
  work: () => Promise<Result>,
): Promise<Result> {
  const names = Object.entries(variables).flatMap(([name, value]) => (hold(name, value) ? [name] : []));
  try {
    return await work();
  } finally {
    names.forEach(letGo);
  }
}

function hold(name: string, value: string): boolean {
  const known = held.get(name);
  if (known !== undefined) known.runs += 1;
  else if (process.env[name] === undefined) {
    process.env[name] = value;
    held.set(name, { value, runs: 1 });
  } else return false;
  return true;
}

function letGo(name: string): void {
  const known = held.get(name);
  if (known === undefined) return;
  known.runs -= 1;
  if (known.runs > 0) return;
  held.delete(name);
  if (process.env[name] === known.value) delete process.env[name];
}

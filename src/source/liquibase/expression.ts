/**
 * Contexts and labels: `a and (b or !c)`, where a comma is an `or`. Without any item everything matches, except what is
 * asked for with `@`.
 */
export function matchesExpression(expression: string, items: readonly string[]): boolean {
  const tokens = expression.toLowerCase().match(/[()!,@]|[^\s()!,@]+/g) ?? [];
  const lowered = items.map((item) => item.trim().toLowerCase().replace(/^@\s*/, ''));
  return tokens.length === 0 || new Evaluation(tokens, lowered).result();
}

/** Operators bind as usual: not, then and, then or. */
class Evaluation {
  readonly #tokens: readonly string[];
  readonly #items: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[], items: readonly string[]) {
    this.#tokens = tokens;
    this.#items = items;
  }

  result(): boolean {
    let value = this.#all();
    while (this.#takes('or') || this.#takes(',')) value = this.#all() || value;
    return value;
  }

  #all(): boolean {
    let value = this.#one();
    while (this.#takes('and')) value = this.#one() && value;
    return value;
  }

  #one(): boolean {
    if (this.#takes('(')) {
      const value = this.result();
      this.#takes(')');
      return value;
    }
    const required = this.#takes('@');
    const negated = this.#takes('!') || this.#takes('not');
    if (negated && this.#tokens[this.#at] === '(') return !this.#one();
    const asked = this.#takes('@') || required;
    // Names may hold blanks.
    const words: string[] = [];
    while (!this.#ends()) words.push(this.#tokens[this.#at++] ?? '');
    if (this.#items.length === 0 && !asked) return true;
    return this.#items.includes(words.join(' ')) !== negated;
  }

  #ends(): boolean {
    const token = this.#tokens[this.#at];
    return token === undefined || ['(', ')', ',', 'and', 'or'].includes(token);
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }
}

/** Whether a changeset with these contexts runs with the contexts that the run was given. */
export function contextsMatch(expression: string | null, given: readonly string[]): boolean {
  const required = given.some((item) => item.trim().startsWith('@'));
  if (expression === null || expression.trim() === '') return !required;
  return matchesExpression(expression, given);
}

/** Labels are the other way round: the changeset has the names, and the run the expression. */
export function labelsMatch(labels: string | null, expression: string | null): boolean {
  if (expression === null || expression.trim() === '') return true;
  const names = splitList(labels);
  return matchesExpression(expression, names);
}

/** `all`, `none`, names, and names with `!`. */
export function dbmsMatches(list: string | null): boolean {
  const names = splitList(list?.toLowerCase() ?? null);
  if (names.length === 0 || names.includes('all')) return true;
  if (names.includes('none') || names.includes('!postgresql')) return false;
  const wanted = names.filter((name) => !name.startsWith('!'));
  return wanted.length === 0 || wanted.includes('postgresql');
}

export function splitList(list: string | null): string[] {
  return (list ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

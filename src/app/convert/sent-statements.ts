import type { SentText } from '../../core/context.js';
import { inlineValues } from '../../pg/literal.js';
import { END, Lexer, PUNCT, WORD } from '../../sql/lexer.js';
import { lexScript } from '../../sql/script.js';
import type { Statement, StatementTraits } from '../../sql/statement.js';

/** What a function of the user's comes to, as SQL. */
export interface CollectedScript {
  /** Each with its semicolon, and a COPY with its rows. */
  readonly statements: readonly string[];
  /** What a person should know before trusting it: where the function went by what it read. */
  readonly notes: readonly string[];
  /** Why it cannot be written as SQL; null where it can. */
  readonly refused: string | null;
  /** The function opened transactions of its own. */
  readonly ownTransactions: boolean;
}

interface Piece {
  readonly text: string;
  readonly traits: StatementTraits;
  /** The rows behind a COPY, to the line that ends them; null for any other statement, and where they came another way. */
  readonly rows: string | null;
}

/** Gathers the statements of one function: those that took effect, without the ones that only asked something. */
export class SentStatements {
  readonly #statements: string[] = [];
  readonly #notes: string[] = [];
  /** Where each open transaction or savepoint began, innermost last. */
  readonly #open: { readonly name: string | null; readonly from: number }[] = [];
  #refused: string | null = null;
  #ownTransactions = false;

  add({ text, values, line }: SentText): void {
    const where = line === null ? 'It' : `Line ${line}`;
    if (text === null) {
      this.#refused ??= `${where} sends what is no SQL text`;
      return;
    }
    const { statements } = lexScript(text);
    for (const { start, end, traits, copyData } of statements) {
      const piece = { text: text.slice(start, end), traits, rows: rowsOf(text, copyData) };
      if (traits.control !== null) this.#control(piece);
      else this.#plain({ ...piece, text: inlineValues(piece.text, values) }, where);
    }
  }

  result(): CollectedScript {
    const { length } = this.#statements;
    return {
      statements: length === 0 ? ['select 1 /* it sent nothing that changes anything */;'] : this.#statements,
      notes: this.#notes,
      refused: this.#refused,
      ownTransactions: this.#ownTransactions,
    };
  }

  #plain({ text, traits, rows }: Piece, where: string): void {
    if (rows !== null) {
      this.#statements.push(`${text.trim()};\n${rows}`);
      return;
    }
    if (/^COPY\b/.test(traits.label) && /\bfrom\s+stdin\b/i.test(text)) {
      this.#refused ??= `${where} loads rows with COPY … FROM STDIN through a stream of its own, which nobody reads along`;
      return;
    }
    const asked = questionOf(text);
    if (asked === 'catalog')
      this.#note(`${where} asked the catalog, and went by the answer of a new database`, text);
    else if (asked === 'data')
      this.#note(`${where} read data, and went by the answer of a new database`, text);
    if (asked !== null) return;
    if (hasWord(text, 'returning'))
      this.#note(`${where} was told what it wrote, which later values may come from`, text);
    this.#statements.push(`${text.trim()};`);
  }

  #note(what: string, text: string): void {
    const short = text.trim().replaceAll(/\s+/g, ' ');
    this.#notes.push(`${what}: ${short.length > 160 ? `${short.slice(0, 160)} …` : short}`);
  }

  /** What was rolled back never took effect; everything else of a transaction does not depend on its borders here. */
  #control({ text, traits }: Piece): void {
    const words = text.trim().replace(/;$/, '').split(/\s+/);
    const first = words[0]?.toLowerCase() ?? '';
    const name = words.at(-1)?.toLowerCase() ?? '';
    if (first === 'savepoint') this.#open.push({ name, from: this.#statements.length });
    else if (first === 'release') this.#close(name, false);
    else if (traits.control === 'savepoint') this.#close(name, true);
    else if (traits.control === 'begin') {
      this.#ownTransactions = true;
      this.#open.push({ name: null, from: this.#statements.length });
    } else if (traits.control === 'commit' || traits.control === 'rollback') {
      this.#close(null, traits.control === 'rollback');
    }
  }

  #close(name: string | null, undo: boolean): void {
    const place = this.#open.findLastIndex((open) => open.name === name);
    const open = this.#open[place];
    if (open === undefined) return;
    if (undo) this.#statements.length = open.from;
    // A savepoint that was rolled back to is still there.
    this.#open.length = undo && name !== null ? place + 1 : place;
  }
}

function rowsOf(text: string, data: Statement['copyData']): string | null {
  const end = '\\.';
  if (data === null || !text.startsWith(end, data.end)) return null;
  return text.slice(data.start, data.end) + end;
}

/** Functions that only say something. */
const silent = new Set([
  'version',
  'current_schema',
  'current_database',
  'current_setting',
  'to_regclass',
  'exists',
  'now',
  'pg_backend_pid',
]);

/** Whether a statement only asks, and what; null for what may change something. */
function questionOf(text: string): 'data' | 'catalog' | null {
  const lexer = new Lexer(text);
  const words: string[] = [];
  const calls: string[] = [];
  let depth = 0;
  let from = false;
  let last: string | null = null;
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    const token = text.slice(lexer.start, lexer.end);
    if (kind === PUNCT && token === '(') {
      if (last !== null) calls.push(last);
      depth += 1;
    }
    if (kind === PUNCT && token === ')') depth -= 1;
    const word = kind === WORD ? token.toLowerCase() : null;
    if (word !== null) words.push(word);
    if (word === 'from' && depth === 0) from = true;
    last = word;
  }
  const [first] = words;
  if (first === 'show') return 'catalog';
  if (!['select', 'with', 'values', 'table'].includes(first ?? '')) return null;
  if (words.some((word) => ['insert', 'update', 'delete', 'merge', 'into'].includes(word))) return null;
  if (!from && calls.some((call) => !silent.has(call))) return null;
  const catalog = /\b(?:information_schema|pg_[a-z_]+)\b/i.test(text) || !words.includes('from');
  return catalog ? 'catalog' : 'data';
}

function hasWord(text: string, wanted: string): boolean {
  const lexer = new Lexer(text);
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    if (kind === WORD && text.slice(lexer.start, lexer.end).toLowerCase() === wanted) return true;
  }
  return false;
}

import type { TemplateName } from '../lockkeeper.js';

/** What the name of a migration tells about its content. */
export interface Guess {
  readonly template: TemplateName;
  readonly table: string | null;
  /** Columns that the name mentions; only an index can do with names alone. */
  readonly columns: readonly string[];
}

// What is created under these words is no table.
const otherObjects =
  /^(?:extension|view|materialized|function|procedure|trigger|type|types|enum|domain|schema|role|user_role|policy|sequence|index|indexes|publication|subscription|aggregate|rule|database|triggers|functions|views|roles|policies|constraints|extensions)(?:_|$)/;

const patterns: readonly (readonly [RegExp, (match: RegExpExecArray) => Guess])[] = [
  // add_index_on_email_to_users, add_email_index_to_users
  [/^add_(?:unique_)?index_(?:on|for)_(\w+?)_(?:to|of|in)_(\w+)$/, (m) => index(m[2], m[1])],
  [/^add_(\w+?)_(?:idx|index)_(?:to|on)_(\w+)$/, (m) => index(m[2], m[1])],
  // index_users_on_email, add_index_users_on_email, create_index_to_users_on_email
  [/^(?:(?:add|create)_)?(?:unique_)?index_(?:to_|on_)?(\w+?)_on_(\w+)$/, (m) => index(m[1], m[2])],
  [/^(?:add|create)_(?:unique_)?(?:index|indexes|indices)_(?:to|on|for)_(\w+)$/, (m) => index(m[1])],
  [/(?:^|_)(?:idx|index|indexes|indices)(?:_|$)/, () => ({ template: 'raw', table: null, columns: [] })],
  [/^create_(?:table_)(\w+)$/, (m) => table('create-table', m[1])],
  [
    /^create_(\w+?)(?:_table)?$/,
    (m) => (otherObjects.test(m[1] ?? '') ? nothing : table('create-table', m[1])),
  ],
  [/^add_\w+?_(?:to|in|into)_(\w+?)(?:_table)?$/, (m) => table('alter-table', m[1])],
  [/^alter_(?:table_)?(\w+?)(?:_table)?$/, (m) => table('alter-table', m[1])],
];

const nothing: Guess = { template: 'raw', table: null, columns: [] };

/** Guesses template and table from a name in snake case; `raw` when it tells nothing. */
export function guessFromName(name: string): Guess {
  for (const [pattern, guess] of patterns) {
    const match = pattern.exec(name);
    if (match !== null) return guess(match);
  }
  return nothing;
}

function table(template: TemplateName, name: string | undefined): Guess {
  return { template, table: name ?? null, columns: [] };
}

function index(name: string | undefined, columns?: string): Guess {
  const list = columns === undefined ? [] : columns.split('_and_');
  return { template: 'create-index', table: name ?? null, columns: list };
}

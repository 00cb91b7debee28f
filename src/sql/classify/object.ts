import type { TokenList } from '../token-list.js';

/** What kind of object a CREATE, ALTER or DROP names, in capitals, and where its name begins. */
export interface ObjectKind {
  readonly kind: string;
  readonly next: number;
  /** False for a word that is no kind of object of PostgreSQL 14 to 18. */
  readonly known: boolean;
}

/** Every kind of object, the frequent ones first, and those of several words before their first word alone. */
const kinds = (
  'TABLE,INDEX,VIEW,TYPE,FUNCTION,SEQUENCE,TRIGGER,SCHEMA,EXTENSION,POLICY,DOMAIN,MATERIALIZED VIEW,PROCEDURE,' +
  'ROUTINE,AGGREGATE,RULE,FOREIGN TABLE,FOREIGN DATA WRAPPER,EVENT TRIGGER,ACCESS METHOD,USER MAPPING,LARGE OBJECT,' +
  'DEFAULT PRIVILEGES,TEXT SEARCH CONFIGURATION,TEXT SEARCH DICTIONARY,TEXT SEARCH PARSER,TEXT SEARCH TEMPLATE,' +
  'OPERATOR CLASS,OPERATOR FAMILY,OPERATOR,DATABASE,ROLE,USER,GROUP,TABLESPACE,SUBSCRIPTION,PUBLICATION,SERVER,CAST,' +
  'COLLATION,CONVERSION,STATISTICS,TRANSFORM,LANGUAGE,SYSTEM,OWNED'
)
  .split(',')
  .map((kind) => ({ kind, words: kind.split(' ') }));

/** Reads the kind of object at a token. */
export function objectKindAt(tokens: TokenList, index: number): ObjectKind {
  for (const { kind, words } of kinds) {
    if (tokens.has(index, words)) return { kind, next: index + words.length, known: true };
  }
  return { kind: tokens.word(index), next: index + 1, known: false };
}

/** The kind as it stands in `creates` and `drops`: users and groups are roles. */
export function kindName(kind: string): string {
  return kind === 'USER' || kind === 'GROUP' ? 'role' : kind.toLowerCase();
}

const notExists = ['NOT', 'EXISTS'] as const;

/** Index after an optional IF EXISTS or IF NOT EXISTS. */
export function afterIfExists(tokens: TokenList, index: number): number {
  if (!tokens.is(index, 'IF')) return index;
  if (tokens.has(index + 1, notExists)) return index + 3;
  return tokens.is(index + 1, 'EXISTS') ? index + 2 : index;
}

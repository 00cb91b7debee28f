import type { TokenList } from '../token-list.js';

/** What kind of object a CREATE, ALTER or DROP names, in capitals, and where its name begins. */
export interface ObjectKind {
  readonly kind: string;
  readonly next: number;
  /** False for a word that is no kind of object of PostgreSQL 14 to 18. */
  readonly known: boolean;
}

const kinds = new Set(
  (
    'TABLE VIEW INDEX SEQUENCE SCHEMA TYPE DOMAIN FUNCTION PROCEDURE ROUTINE AGGREGATE TRIGGER RULE POLICY EXTENSION ' +
    'DATABASE ROLE USER GROUP TABLESPACE SUBSCRIPTION PUBLICATION SERVER CAST COLLATION CONVERSION STATISTICS ' +
    'TRANSFORM LANGUAGE OPERATOR SYSTEM OWNED DEFAULT'
  ).split(' '),
);

/** Kinds of several words, by their first. */
const families: Readonly<Record<string, readonly (readonly string[])[]>> = {
  MATERIALIZED: [['MATERIALIZED', 'VIEW']],
  FOREIGN: [
    ['FOREIGN', 'TABLE'],
    ['FOREIGN', 'DATA', 'WRAPPER'],
  ],
  EVENT: [['EVENT', 'TRIGGER']],
  ACCESS: [['ACCESS', 'METHOD']],
  USER: [['USER', 'MAPPING']],
  LARGE: [['LARGE', 'OBJECT']],
  DEFAULT: [['DEFAULT', 'PRIVILEGES']],
  TEXT: ['CONFIGURATION', 'DICTIONARY', 'PARSER', 'TEMPLATE'].map((last) => ['TEXT', 'SEARCH', last]),
  OPERATOR: [
    ['OPERATOR', 'CLASS'],
    ['OPERATOR', 'FAMILY'],
  ],
};

/** Reads the kind of object at a token. */
export function objectKindAt(tokens: TokenList, index: number): ObjectKind {
  const word = tokens.word(index);
  for (const family of families[word] ?? []) {
    if (tokens.has(index, ...family)) {
      return { kind: family.join(' '), next: index + family.length, known: true };
    }
  }
  return { kind: word, next: index + 1, known: kinds.has(word) };
}

/** The kind as it stands in `creates` and `drops`: users and groups are roles. */
export function kindName(kind: string): string {
  return kind === 'USER' || kind === 'GROUP' ? 'role' : kind.toLowerCase();
}

/** Index after an optional IF EXISTS or IF NOT EXISTS. */
export function afterIfExists(tokens: TokenList, index: number): number {
  if (!tokens.is(index, 'IF')) return index;
  if (tokens.has(index + 1, 'NOT', 'EXISTS')) return index + 3;
  return tokens.is(index + 1, 'EXISTS') ? index + 2 : index;
}

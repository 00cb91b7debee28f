import * as fc from 'fast-check';
import { loadModule, parseSync, scanSync } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import { BACKSLASH, END, Lexer, OTHER } from '../../src/sql/lexer.js';
import { fromBytes } from '../../src/sql/position.js';
import { lexScript } from '../../src/sql/script.js';
import { hostileText, statementText } from './arbitraries.js';

beforeAll(() => loadModule());

/** Operators are cut differently (PostgreSQL takes `+-` apart by rules of its own), and nothing here rests on them. */
const operator = /^[~!@#^&|`?+\-*/%<>=:.]+$/;

/**
 * A comment between the pieces of one string. Servers allow it and libpg-query does not, so real servers are asked
 * about it instead (lexer.pg.test.ts).
 */
const commentInString = /'[ \t\r\n]*--/;

function ourTokens(text: string): { tokens: string[]; complaint: string | null } {
  const lexer = new Lexer(text);
  const tokens: string[] = [];
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    const raw = text.slice(lexer.start, lexer.end);
    if (kind === BACKSLASH || kind === OTHER) return { tokens, complaint: `stray ${raw}` };
    if (!operator.test(raw)) tokens.push(raw);
  }
  return { tokens, complaint: lexer.unterminated?.what ?? null };
}

function theirTokens(text: string): { tokens: string[]; complaint: string | null } {
  try {
    const tokens = scanSync(text)
      .tokens.filter(({ tokenName }) => tokenName !== 'SQL_COMMENT' && tokenName !== 'C_COMMENT')
      .map(({ start, end }) => text.slice(fromBytes(text, start), fromBytes(text, end)))
      .filter((raw) => !operator.test(raw));
    return { tokens, complaint: null };
  } catch (error) {
    // The binding wraps the scanner's message into one of JSON.parse.
    return {
      tokens: [],
      complaint: (error as Error).message.includes('unterminat') ? 'unterminated' : 'other',
    };
  }
}

describe('the lexer beside PostgreSQL’s own scanner', () => {
  it('finds the same tokens in hostile text', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const theirs = theirTokens(text);
        const ours = ourTokens(text);
        if (theirs.complaint === null) {
          expect(ours.complaint === null || ours.complaint.startsWith('stray')).toBe(true);
          if (ours.complaint === null && !commentInString.test(text))
            expect(ours.tokens).toEqual(theirs.tokens);
        } else if (theirs.complaint === 'unterminated') {
          expect(ours.complaint).not.toBeNull();
        }
      }),
      { numRuns: 4000 },
    );
  });

  it('splits scripts of real statements at the same places', () => {
    fc.assert(
      fc.property(fc.array(statementText, { minLength: 1, maxLength: 8 }), (parts) => {
        const text = parts.join('');
        let tree;
        try {
          tree = parseSync(text);
        } catch {
          return;
        }
        const theirs = (tree.stmts ?? []).map(({ stmt_location: at = 0, stmt_len: length }) => {
          const start = fromBytes(text, at);
          const slice = text.slice(start, length === undefined ? text.length : fromBytes(text, at + length));
          return contentOf(slice);
        });
        const { statements, problems } = lexScript(text);
        expect(problems).toEqual([]);
        expect(statements.map(({ start, end }) => contentOf(text.slice(start, end)))).toEqual(theirs);
      }),
      { numRuns: 1500 },
    );
  });
});

/** Their slices reach from semicolon to semicolon; ours from the first token to the last. */
function contentOf(slice: string): string {
  const lexer = new Lexer(slice);
  let first = -1;
  let last = 0;
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    if (first < 0) first = lexer.start;
    last = lexer.end;
  }
  return first < 0 ? '' : slice.slice(first, last);
}

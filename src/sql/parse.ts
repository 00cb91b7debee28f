import { setFlagsFromString } from 'node:v8';
import type * as LibpgQuery from 'libpg-query';
import { continuation, endOfPiece, type StringForm } from './characters.js';
import { END, Lexer, STRING } from './lexer.js';
import { fromCodePoints } from './position.js';
import type { Statement } from './statement.js';

/** What PostgreSQL's grammar says against a text. */
export interface SyntaxRefusal {
  /** The server's own words: `syntax error at or near "x"`. */
  readonly message: string;
  /** UTF-16 offset into the text that was given. */
  readonly offset: number;
}

/** PostgreSQL's own grammar, loaded. */
export interface Parser {
  /** Major version whose grammar it is. Its no is final only for a server of that major. */
  readonly major: 18;
  /**
   * Judges one statement, or several. Null is a yes, or no judgement where the text is too large (2 million
   * characters) or nested too deeply to be parsed here; the server then decides.
   */
  checkSyntax(text: string): SyntaxRefusal | null;
  /** Judges each statement of a lexed script; offsets count in the script. COPY data and psql lines are left out. */
  checkScript(text: string, statements: readonly Statement[]): readonly SyntaxRefusal[];
  /** The syntax tree. `stmt_location` and `stmt_len` count UTF-8 bytes. @throws what the parser throws. */
  parse(text: string): LibpgQuery.ParseResult;
}

/** A tree of one statement costs about 90 bytes of memory per byte of text; more than this is left to the server. */
const mostCharacters = 2_000_000;

let loading: Promise<Parser> | null = null;

/** Loads the parser once; later calls share it. It costs about 30 ms, so only verbs that parse may ask for it. */
export function loadParser(): Promise<Parser> {
  loading ??= load();
  return loading;
}

type Library = Pick<typeof LibpgQuery, 'parseSync' | 'hasSqlDetails'>;

async function load(): Promise<Parser> {
  keepBaselineCode();
  const library = await import('libpg-query');
  await library.loadModule();
  return {
    major: 18,
    checkSyntax: (text) => checkSyntax(library, text),
    checkScript: (text, statements) => checkScript(library, text, statements),
    parse: (text) => library.parseSync(text),
  };
}

/**
 * Without this the process waits at its end for optimised code of the parser that nobody will run: 240 instead of
 * 80 ms for 200 statements on Node 20. From Node 24 on V8 takes the flag on the command line only. It holds for all
 * WebAssembly that the process loads later, which then runs somewhat slower and no less correctly.
 */
function keepBaselineCode(): void {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < 24) setFlagsFromString('--liftoff-only');
}

function checkScript(library: Library, text: string, statements: readonly Statement[]): SyntaxRefusal[] {
  const refusals: SyntaxRefusal[] = [];
  for (const { start, end } of statements) {
    const refusal = checkSyntax(library, text.slice(start, end));
    if (refusal !== null) refusals.push({ message: refusal.message, offset: start + refusal.offset });
  }
  return refusals;
}

function checkSyntax(library: Library, text: string): SyntaxRefusal | null {
  if (text.length > mostCharacters || text.trim() === '') return null;
  // The parser reads a C string, and so would take what stands before a NUL for the whole.
  const nul = text.indexOf('\0');
  if (nul >= 0) return { message: 'a NUL character is not allowed', offset: nul };
  const refusal = tryParse(library, text);
  if (refusal === null || !text.includes('--')) return refusal;
  const plainer = withoutInnerComments(text);
  return plainer === text ? refusal : tryParse(library, plainer);
}

function tryParse(library: Library, text: string): SyntaxRefusal | null {
  try {
    library.parseSync(text);
    return null;
  } catch (error) {
    // Anything but an SqlError is a limit of this build, such as a tree too deep for JSON.parse.
    if (!library.hasSqlDetails(error)) return null;
    const position = error.sqlDetails?.cursorPosition ?? 0;
    return { message: error.message, offset: fromCodePoints(text, position) };
  }
}

/**
 * The text with blanks in place of the comments inside strings that go on over a line end (`'a' -- why` and `'b'` on
 * the next line). Servers take them; libpg-query, whose scanner makes tokens of comments, does not (18.1.5).
 */
function withoutInnerComments(text: string): string {
  const lexer = new Lexer(text);
  let out = '';
  let copied = 0;
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    if (kind !== STRING || text.charCodeAt(lexer.start) === 36 /* $ */) continue;
    const quote = text.indexOf("'", lexer.start);
    const form = stringForm(text.charCodeAt(lexer.start));
    let end = endOfPiece(text, quote + 1, form);
    for (let next = continuation(text, end); end > 0 && next > 0; next = continuation(text, end)) {
      out += text.slice(copied, end) + text.slice(end, next - 1).replaceAll(/[^\r\n]/gu, ' ');
      copied = next - 1;
      end = endOfPiece(text, next, form);
    }
  }
  return out + text.slice(copied);
}

function stringForm(code: number): StringForm {
  const letter = code | 32;
  if (letter === 101 /* e */) return 'escape';
  return letter === 98 /* b */ || letter === 120 /* x */ ? 'bits' : 'plain';
}

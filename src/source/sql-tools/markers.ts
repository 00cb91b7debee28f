import { LockkeeperError } from '../../core/errors.js';
import type { ParsedFile, ToolText } from './tool.js';

/** How one tool marks the two ways in a file. */
export interface MarkerGrammar {
  /** `goose` in `-- +goose Up`. */
  readonly word: string;
  readonly pattern: RegExp;
  /** In lower case. `no-transaction` is for both ways, or for the one whose marker it stands behind. */
  readonly commands: Readonly<Record<string, MarkerCommand>>;
}

type MarkerCommand =
  | 'up'
  | 'down'
  | 'begin'
  | 'end'
  | 'no-transaction'
  | 'up-no-transaction'
  | 'down-no-transaction'
  | 'refused';

export const gooseMarkers: MarkerGrammar = {
  word: '+goose',
  pattern: /^--[-\s]*\+goose\b\s*(.*?)\s*$/i,
  commands: {
    up: 'up',
    down: 'down',
    statementbegin: 'begin',
    statementend: 'end',
    'no transaction': 'no-transaction',
    'envsub on': 'refused',
    'envsub off': 'refused',
  },
};

export const sqlMigrateMarkers: MarkerGrammar = {
  word: '+migrate',
  pattern: /^-- \+migrate\b\s*(.*?)\s*$/i,
  commands: {
    up: 'up',
    down: 'down',
    'up notransaction': 'up-no-transaction',
    'down notransaction': 'down-no-transaction',
    statementbegin: 'begin',
    statementend: 'end',
  },
};

/**
 * Takes a file apart at its markers. Lines keep their place: those of the other way are blank, and so are the markers,
 * except that the end of a marked statement ends a statement.
 */
export function parseMarkers({ text, file }: ToolText, grammar: MarkerGrammar): ParsedFile {
  const walk = new MarkerWalk(file, grammar);
  text.split('\n').forEach((line, index) => walk.take(line.replace(/\r$/, ''), index + 1));
  return walk.result();
}

class MarkerWalk {
  readonly #file: string;
  readonly #grammar: MarkerGrammar;
  readonly #lines: Record<'up' | 'down', string[]> = { up: [], down: [] };
  readonly #autocommit = { up: false, down: false };
  readonly #problems: LockkeeperError[] = [];
  readonly #seen = new Set<string>();
  #way: 'up' | 'down' | null = null;
  /** Line of an open StatementBegin. */
  #begun: number | null = null;

  constructor(file: string, grammar: MarkerGrammar) {
    this.#file = file;
    this.#grammar = grammar;
  }

  take(line: string, number: number): void {
    const word = this.#grammar.pattern.exec(line)?.[1];
    if (word === undefined) {
      this.#push(line);
      return;
    }
    const name = word.toLowerCase().replaceAll(/\s+/g, ' ');
    const command = Object.hasOwn(this.#grammar.commands, name) ? this.#grammar.commands[name] : undefined;
    this.#push(command === 'end' ? ';' : '');
    if (command === undefined)
      this.#refuse(number, `"${word}" is no marker of the format.`, this.#accepted());
    else this.#obey(command, number);
  }

  result(): ParsedFile {
    if (this.#begun !== null) this.#refuse(this.#begun, 'StatementBegin has no StatementEnd.', 'Add it below the statement.'); // prettier-ignore
    if (!this.#seen.has('up')) this.#refuse(1, `No line says "-- ${this.#grammar.word} Up".`, 'Put it above the statements of the way up.'); // prettier-ignore
    const mode = (way: 'up' | 'down') => (this.#autocommit[way] ? 'none' : 'auto');
    return {
      up: this.#lines.up.join('\n'),
      down: this.#seen.has('down') ? this.#lines.down.join('\n') : null,
      transaction: mode('up'),
      transactionDown: mode('down'),
      problems: this.#problems,
    };
  }

  #obey(command: MarkerCommand, line: number): void {
    const [way, rest] = command.split('-', 1)[0] === 'up' ? ['up' as const, command.slice(3)] : command.startsWith('down') ? ['down' as const, command.slice(5)] : [null, command]; // prettier-ignore
    if (way !== null) {
      this.#way = way;
      this.#seen.add(way);
      if (rest === 'no-transaction') this.#autocommit[way] = true;
    } else if (command === 'no-transaction') {
      this.#autocommit.up = true;
      this.#autocommit.down = true;
    } else if (command === 'begin') {
      this.#begun = line;
    } else if (command === 'end') {
      this.#begun = null;
    } else {
      this.#problems.push(this.#envsub(line));
    }
  }

  #push(line: string): void {
    this.#lines.up.push(this.#way === 'up' ? line : '');
    this.#lines.down.push(this.#way === 'down' ? line : '');
  }

  #accepted(): string {
    return `Markers are ${Object.keys(this.#grammar.commands).map((name) => `-- ${this.#grammar.word} ${name}`).join(', ')}.`; // prettier-ignore
  }

  #refuse(line: number, message: string, hint: string): void {
    const location = { file: this.#file, line, column: 1 };
    this.#problems.push(
      new LockkeeperError('MIGRATION_MARKERS_INVALID', {
        message: `${this.#file}: ${message}`,
        hint,
        location,
      }),
    );
  }

  #envsub(line: number): LockkeeperError {
    return new LockkeeperError('FOREIGN_STEP_REFUSED', {
      message: `${this.#file}: ENVSUB puts variables of the environment into the SQL. It is never done here, as the same file would be another migration on every machine.`,
      hint: 'Write the values into the file, or read them with current_setting() from a setting of the database.',
      location: { file: this.#file, line, column: 1 },
    });
  }
}

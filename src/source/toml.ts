/** A table of TOML. */
export interface TomlTable {
  [key: string]: TomlValue;
}
export type TomlValue = string | number | boolean | readonly TomlValue[] | TomlTable;

/** Where a text stops being TOML, or uses what configuration files of migration tools have no use for. */
export class TomlError extends Error {
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** Reads TOML: tables, arrays of tables, dotted and quoted keys, all strings, numbers, booleans. Dates stay text. */
export function parseToml(text: string): TomlTable {
  return new TomlParser(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')).run();
}

const escapes: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\x1B', '"': '"', '\\': '\\' }; // prettier-ignore

class TomlParser {
  readonly #text: string;
  #pos = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): TomlTable {
    const root: TomlTable = {};
    let table = root;
    for (this.#skipLines(); this.#pos < this.#text.length; this.#skipLines()) {
      if (this.#take('[[')) table = this.#append(root, this.#readKey(']]'));
      else if (this.#take('[')) table = this.#tableAt(root, this.#readKey(']'));
      else this.#readPair(table);
      this.#endLine();
    }
    return root;
  }

  #readPair(table: TomlTable): void {
    const path = this.#readKey('=');
    const name = path.pop() ?? '';
    const owner = this.#tableAt(table, path);
    if (Object.hasOwn(owner, name)) throw this.#error(`The key "${name}" is given twice.`);
    owner[name] = this.#readValue();
  }

  /** Up to and with `end`. */
  #readKey(end: string): string[] {
    const path: string[] = [];
    do {
      this.#skipBlanks();
      path.push(this.#readKeyPart());
      this.#skipBlanks();
    } while (this.#take('.'));
    if (!this.#take(end)) throw this.#error(`"${end}" is missing behind the key "${path.join('.')}".`);
    return path;
  }

  #readKeyPart(): string {
    const quote = this.#text[this.#pos];
    if (quote === '"' || quote === "'") return this.#readString(quote);
    const word = this.#match(/[A-Za-z0-9_-]+/y);
    if (word === null) throw this.#error('A key is missing.');
    return word;
  }

  #tableAt(from: TomlTable, path: readonly string[]): TomlTable {
    let table = from;
    for (const name of path) {
      const value = Object.hasOwn(table, name) ? table[name] : (table[name] = {});
      const inner = Array.isArray(value) ? (value as readonly TomlValue[]).at(-1) : value;
      if (typeof inner !== 'object' || Array.isArray(inner)) throw this.#error(`"${name}" is no table.`);
      table = inner as TomlTable;
    }
    return table;
  }

  #append(root: TomlTable, path: string[]): TomlTable {
    const name = path.pop() ?? '';
    const owner = this.#tableAt(root, path);
    const before = Object.hasOwn(owner, name) ? owner[name] : [];
    if (!Array.isArray(before)) throw this.#error(`"${name}" is no list of tables.`);
    const table: TomlTable = {};
    owner[name] = [...(before as readonly TomlValue[]), table];
    return table;
  }

  #readValue(): TomlValue {
    this.#skipBlanks();
    const first = this.#text[this.#pos];
    if (first === '"' || first === "'") return this.#readString(first);
    if (this.#take('[')) return this.#readArray();
    if (this.#take('{')) return this.#readInlineTable();
    const word = this.#match(/[^\s,\]}#]+/y);
    if (word === null) throw this.#error('A value is missing.');
    if (word === 'true' || word === 'false') return word === 'true';
    if (/^[+-]?(?:\d[\d_]*(?:\.[\d_]+)?(?:[eE][+-]?\d+)?|0x[\da-fA-F_]+|0o[0-7_]+|0b[01_]+)$/.test(word)) {
      return Number(word.replaceAll('_', ''));
    }
    if (/^\d{4}-\d\d-\d\d|^\d\d:\d\d/.test(word)) return word;
    throw this.#error(`"${word}" is no value; a text stands in quotes.`);
  }

  #readArray(): readonly TomlValue[] {
    const items: TomlValue[] = [];
    for (this.#skipLines(); !this.#take(']'); this.#skipLines()) {
      items.push(this.#readValue());
      this.#skipLines();
      if (this.#take(',')) continue;
      if (this.#take(']')) break;
      throw this.#error('A list has no end.');
    }
    return items;
  }

  #readInlineTable(): TomlTable {
    const table: TomlTable = {};
    for (this.#skipLines(); !this.#take('}'); this.#skipLines()) {
      this.#readPair(table);
      this.#skipLines();
      if (this.#take(',')) continue;
      if (this.#take('}')) break;
      throw this.#error('A table in braces has no end.');
    }
    return table;
  }

  #readString(quote: string): string {
    const long = quote.repeat(3);
    const mark = this.#take(long) ? long : quote;
    if (mark === quote) this.#pos += 1;
    else this.#take('\n');
    let out = '';
    while (!this.#take(mark)) {
      const char = this.#text[this.#pos];
      if (char === undefined || (char === '\n' && mark === quote)) throw this.#error('A text has no end.');
      this.#pos += 1;
      out += char === '\\' && quote === '"' ? this.#readEscape() : char;
    }
    return out;
  }

  #readEscape(): string {
    const char = this.#text[this.#pos] ?? '';
    if (char === '\n' || char === ' ') return this.#match(/\s+/y) === null ? '' : '';
    this.#pos += 1;
    const plain = escapes[char];
    if (plain !== undefined) return plain;
    const code = char === 'u' ? this.#match(/[\da-fA-F]{4}/y) : char === 'U' ? this.#match(/[\da-fA-F]{8}/y) : null; // prettier-ignore
    if (code === null) throw this.#error(`"\\${char}" is no escape; a text in single quotes knows none.`);
    return String.fromCodePoint(Number.parseInt(code, 16));
  }

  #endLine(): void {
    this.#match(/[ \t]*(?:#[^\n]*)?/y);
    if (this.#pos < this.#text.length && !this.#take('\n'))
      throw this.#error('Something stands behind the value.');
  }

  #skipBlanks(): void {
    this.#match(/[ \t]*/y);
  }

  /** Blank space, line ends and comments. */
  #skipLines(): void {
    this.#match(/(?:\s|#[^\n]*)*/y);
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#pos)) return false;
    this.#pos += text.length;
    return true;
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#pos;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return null;
    this.#pos += found.length;
    return found;
  }

  #error(message: string): TomlError {
    return new TomlError(message, this.#text.slice(0, this.#pos).split('\n').length);
  }
}

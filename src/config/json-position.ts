/**
 * Index of the first character at which a text stops being JSON; null when it is JSON. Node's own message carries a
 * position for some mistakes only, and in another form in each major.
 */
export function findJsonError(text: string): number | null {
  const scanner = new JsonScanner(text);
  try {
    scanner.value();
    scanner.end();
    return null;
  } catch (error) {
    if (error instanceof JsonMistake) return error.index;
    throw error;
  }
}

class JsonMistake extends Error {
  readonly index: number;
  constructor(index: number) {
    super(`not JSON at ${index}`);
    this.index = index;
  }
}

// oxlint-disable-next-line no-control-regex -- JSON forbids these very characters inside a string
const string = /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/y;
const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

class JsonScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): void {
    this.#blank();
    const start = this.#text[this.#at];
    if (start === '{') this.#list('}', () => this.#pair());
    else if (start === '[') this.#list(']', () => this.value());
    else if (start === '"') this.#take(string);
    else this.#take(scalar);
    this.#blank();
  }

  end(): void {
    if (this.#at < this.#text.length) this.#fail();
  }

  #pair(): void {
    this.#blank();
    this.#take(string);
    this.#blank();
    this.#character(':');
    this.value();
  }

  #list(close: string, item: () => void): void {
    this.#at++;
    this.#blank();
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      item();
      if (this.#text[this.#at] !== ',') break;
      this.#at++;
    }
    this.#character(close);
  }

  #character(wanted: string): void {
    if (this.#text[this.#at] !== wanted) this.#fail();
    this.#at++;
  }

  #take(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) this.#fail();
    else this.#at += found[0].length;
  }

  #blank(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #fail(): never {
    throw new JsonMistake(this.#at);
  }
}

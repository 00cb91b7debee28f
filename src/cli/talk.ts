import type { Printer } from './printer.js';

const clearLine = '\r\u001B[2K';
const flushAfterMs = 30;
const redrawEveryMs = 100;

/**
 * The talk on stderr while something runs: lines that stay, and on a terminal one line that is drawn again and again.
 * Lines are gathered for some milliseconds, because 5,000 quick migrations would otherwise spend their time on writing.
 */
export class Talk {
  readonly #printer: Printer;
  #lines: string[] = [];
  #flushTimer: NodeJS.Timeout | undefined;
  #redrawTimer: NodeJS.Timeout | undefined;
  #render: (() => string) | undefined;
  #drawn = false;

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  /** Whether there is a line that is drawn again and again. */
  get live(): boolean {
    return this.#printer.live;
  }

  /** A line that stays. */
  say(line: string): void {
    if (this.#printer.quiet) return;
    this.#lines.push(line);
    this.#flushTimer ??= setTimeout(() => this.flush(), flushAfterMs);
  }

  /** What the live line shows from now on; undefined ends it. It appears only after a moment, so that quick work does not flicker. */
  show(render: (() => string) | undefined): void {
    this.#render = render;
    if (!this.#printer.live) return;
    if (render === undefined) this.#erase();
    else this.#redrawTimer ??= setInterval(() => this.#redraw(), redrawEveryMs).unref();
  }

  /** Writes what was gathered. */
  flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join('\n')}\n`;
    this.#lines = [];
    this.#erase();
    this.#printer.draw(text);
  }

  /** Ends the live line and writes the rest; more may be said afterwards. */
  end(): void {
    clearInterval(this.#redrawTimer);
    this.#redrawTimer = undefined;
    this.#render = undefined;
    this.flush();
    this.#erase();
  }

  #redraw(): void {
    if (this.#render === undefined) return;
    this.flush();
    this.#printer.draw(clearLine + this.#render());
    this.#drawn = true;
  }

  #erase(): void {
    if (this.#drawn) this.#printer.draw(clearLine);
    this.#drawn = false;
  }
}

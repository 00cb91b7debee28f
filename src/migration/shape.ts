import type { LockkeeperError } from '../core/errors.js';
import { nearest } from '../core/text.js';
import { countLineFeeds, problemAt } from '../sql/position.js';
import { lexScript, type LexedScript } from '../sql/script.js';
import type { TransactionMode } from './metadata.js';

export type SectionKind = 'up' | 'down' | 'validate-before' | 'validate-after';

/** The text under one marker, already cut into statements. */
export interface SqlSection {
  readonly kind: SectionKind;
  readonly text: string;
  /** Lines of the file before the first line of `text`. */
  readonly lineOffset: number;
  readonly lexed: LexedScript;
}

/** An SQL file taken apart. */
export interface SqlShape {
  /** False when the file has no marker; then it is one section of the kind asked for. */
  readonly marked: boolean;
  readonly sections: readonly SqlSection[];
  /** What the marker lines of the two ways say about transactions (`transaction:false`); null = nothing. */
  readonly transaction: { readonly up: TransactionMode | null; readonly down: TransactionMode | null };
  /** Locations count within the file and name no file. */
  readonly problems: readonly LockkeeperError[];
}

const sectionKinds: readonly SectionKind[] = ['up', 'down', 'validate-before', 'validate-after'];
const markerLine = /^[ \t]*--[ \t]*migrate:([ \t]*)(\S+)[ \t]*(.*)$/gim;

const nothing: LexedScript = { statements: [], problems: [] };

interface Marker {
  readonly kind: SectionKind;
  /** Offsets of the line itself and of the line after it. */
  readonly start: number;
  readonly end: number;
  readonly transaction: TransactionMode | null;
}

/**
 * Takes an SQL file apart at its `-- migrate:` markers. A marker inside a string, a dollar quote, a block comment or
 * the data of a COPY is text like any other. `whole` says what a file without markers is.
 */
export function splitSections(text: string, whole: 'up' | 'down'): SqlShape {
  const splitter = new SectionSplitter(text, whole);
  return splitter.run();
}

class SectionSplitter {
  readonly #text: string;
  readonly #whole: 'up' | 'down';
  readonly #sections: SqlSection[] = [];
  readonly #markers: Marker[] = [];
  readonly #problems: LockkeeperError[] = [];

  constructor(text: string, whole: 'up' | 'down') {
    this.#text = text;
    this.#whole = whole;
  }

  run(): SqlShape {
    const candidates = this.#text.includes('migrate') ? this.#candidates() : [];
    this.#cut(candidates);
    this.#checkOrder();
    const modeOf = (kind: SectionKind) =>
      this.#markers.find((marker) => marker.kind === kind)?.transaction ?? null;
    return {
      marked: this.#markers.length > 0,
      sections: this.#sections,
      transaction: { up: modeOf('up'), down: modeOf('down') },
      problems: this.#problems,
    };
  }

  /** Cuts at each candidate that stands outside of everything; the text before it shows whether it does. */
  #cut(candidates: readonly RegExpExecArray[]): void {
    let from = 0;
    let open: Marker | null = null;
    for (const candidate of candidates) {
      const lexed = candidate.index === from ? nothing : lexScript(this.#text.slice(from, candidate.index));
      if (lexed.problems.some((problem) => problem.code === 'SQL_UNTERMINATED')) continue;
      const marker = this.#readMarker(candidate);
      if (marker === null) continue;
      this.#close(open, { from, lexed, to: marker.start });
      this.#markers.push(marker);
      from = marker.end;
      open = marker;
    }
    this.#close(open, { from, lexed: lexScript(this.#text.slice(from)), to: this.#text.length });
  }

  #close(marker: Marker | null, part: { from: number; to: number; lexed: LexedScript }): void {
    const { from, to, lexed } = part;
    const isWhole = marker === null && to === this.#text.length && this.#markers.length === 0;
    if (marker === null && !isWhole) {
      const [first] = lexed.statements;
      if (first !== undefined) this.#refuseUnmarked(first.start);
      return;
    }
    const kind = marker?.kind ?? this.#whole;
    if (this.#sections.some((section) => section.kind === kind)) return;
    const lineOffset = countLineFeeds(this.#text, 0, from);
    this.#sections.push({ kind, text: this.#text.slice(from, to), lineOffset, lexed });
  }

  #candidates(): RegExpExecArray[] {
    return [...this.#text.matchAll(markerLine)];
  }

  #readMarker(candidate: RegExpExecArray): Marker | null {
    const [line, blank = '', word = '', rest = ''] = candidate;
    const kind = sectionKinds.find((each) => each === word.toLowerCase());
    const options = rest.trim() === '' ? [] : rest.trim().split(/\s+/);
    if (kind === undefined || (blank !== '' && options.some((option) => !option.includes(':')))) {
      // "-- migrate: all users move" is a sentence; "-- migrate:dwon" is a slip.
      if (blank === '') this.#refuseWord(candidate, word);
      return null;
    }
    const next = this.#text.indexOf('\n', candidate.index + line.length);
    return {
      kind,
      start: candidate.index,
      end: next === -1 ? this.#text.length : next + 1,
      transaction: this.#readOptions(candidate, kind, options),
    };
  }

  #readOptions(
    candidate: RegExpExecArray,
    kind: SectionKind,
    options: readonly string[],
  ): TransactionMode | null {
    let mode: TransactionMode | null = null;
    for (const option of options) {
      const [, key, value] = /^([a-z-]+):(\S+)$/i.exec(option) ?? [];
      if (key === undefined) continue;
      if (
        key === 'transaction' &&
        (kind === 'up' || kind === 'down') &&
        /^(?:true|false)$/.test(value ?? '')
      ) {
        mode = value === 'false' ? 'none' : 'auto';
        continue;
      }
      this.#refuse(candidate.index, {
        length: candidate[0].length,
        message: `The marker has an option "${option}", which is not accepted.`,
        hint: 'Accepted: transaction:true and transaction:false, behind -- migrate:up and -- migrate:down.',
      });
    }
    return mode;
  }

  #checkOrder(): void {
    const seen = new Map<SectionKind, Marker>();
    for (const marker of this.#markers) {
      const first = seen.get(marker.kind);
      if (first !== undefined) this.#refuseSecond(marker, first);
      else if (marker.kind === 'up' && seen.has('down')) this.#refuseDownBeforeUp(marker);
      if (first === undefined) seen.set(marker.kind, marker);
    }
    const [any] = this.#markers;
    const foreign: SectionKind = this.#whole === 'up' ? 'down' : 'up';
    const other = seen.get(foreign);
    if (any !== undefined && !seen.has(this.#whole)) {
      this.#refuse(any.start, {
        message: `The file has markers, and none of them is "-- migrate:${this.#whole}".`,
        hint: `Put "-- migrate:${this.#whole}" above the statements of the way ${this.#whole}.`,
      });
    } else if (this.#whole === 'down' && other !== undefined) {
      this.#refuse(other.start, {
        message: 'The file of the way down holds a way up as well.',
        hint: 'Move it into the file of the way up.',
      });
    }
  }

  #refuseSecond(marker: Marker, first: Marker): void {
    this.#refuse(marker.start, {
      message: `The marker "-- migrate:${marker.kind}" stands in the file twice; the first is on line ${this.#lineOf(first)}.`,
      hint: 'Join the two sections under one marker.',
    });
  }

  #refuseDownBeforeUp(marker: Marker): void {
    this.#refuse(marker.start, {
      message: 'The way up stands below the way down.',
      hint: 'Put the section of -- migrate:up first.',
    });
  }

  #refuseUnmarked(offset: number): void {
    this.#refuse(offset, {
      message: 'A statement stands above the first marker, so it belongs to no section.',
      hint: 'Put "-- migrate:up" above it.',
    });
  }

  #refuseWord(candidate: RegExpExecArray, word: string): void {
    const near = nearest(word, sectionKinds);
    this.#refuse(candidate.index, {
      length: candidate[0].length,
      message: `"migrate:${word}" is no marker.${near === null ? '' : ` Did you mean "migrate:${near}"?`}`,
      hint: `Markers are ${sectionKinds.map((kind) => `-- migrate:${kind}`).join(', ')}.`,
    });
  }

  #refuse(offset: number, problem: { length?: number; message: string; hint: string }): void {
    this.#problems.push(problemAt('MIGRATION_MARKERS_INVALID', this.#text, { offset, ...problem }));
  }

  #lineOf(marker: Marker): number {
    return countLineFeeds(this.#text, 0, marker.start) + 1;
  }
}

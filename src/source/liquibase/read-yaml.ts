import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair } from 'yaml';
import type { Node } from './node.js';
import type { Place } from './place.js';
import { invalidChangelog } from './problem.js';

/**
 * Reads a changelog in YAML 1.1, as Liquibase does, or in JSON, which is YAML too.
 * @throws {FOREIGN_FILE_INVALID} with the line.
 */
export function readYaml(text: string, file: Omit<Place, 'line'>): Node {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    lineCounter: lines,
    merge: true,
    uniqueKeys: false,
  });
  const place = (offset: number | undefined): Place => ({
    ...file,
    line: lines.linePos(offset ?? 0).line || 1,
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const [first = ''] = error.message.split('\n');
    throw invalidChangelog(place(error.pos[0]), first, 'Correct the file.');
  }
  return new YamlReading(document, place).node('', document.contents, place(0));
}

class YamlReading {
  readonly #document: Document;
  readonly #place: (offset: number | undefined) => Place;

  constructor(document: Document, place: (offset: number | undefined) => Place) {
    this.#document = document;
    this.#place = place;
  }

  node(name: string, content: unknown, place: Place): Node {
    const resolved = isAlias(content) ? content.resolve(this.#document) : content;
    if (isMap(resolved)) {
      const children = resolved.items.flatMap((pair) => this.#pair(pair));
      return { name, place, value: null, children };
    }
    if (isSeq(resolved)) {
      const parts = resolved.items.map((item) => this.node(name, item, this.#at(item, place)));
      // A list of maps is all of their keys; one of plain values is those values, with commas.
      const texts = parts.flatMap(({ value }) => (value === null ? [] : [value]));
      const children = parts.flatMap((part) => part.children);
      return { name, place, value: texts.length === 0 ? null : texts.join(','), children };
    }
    return { name, place, value: isScalar(resolved) ? textOf(resolved) : null, children: [] };
  }

  #pair({ key, value }: Pair): readonly Node[] {
    const name = isScalar(key) ? String(key.value) : '';
    const place = this.#at(key, this.#place(0));
    if (name === '<<') return this.node('', value, place).children;
    return [this.node(name, value, place)];
  }

  #at(item: unknown, unknown: Place): Place {
    const range = (item as { range?: readonly [number, number, number] | null } | null)?.range;
    return range === undefined || range === null ? unknown : this.#place(range[0]);
  }
}

/** Dates as they are written. */
function textOf(scalar: { readonly value: unknown; readonly source?: string | undefined }): string | null {
  const { value, source } = scalar;
  if (value === null || value === undefined) return null;
  // The y and n of YAML 1.1 are texts to the parser of Liquibase.
  if (typeof value === 'boolean') return /^[yn]$/i.test(source ?? '') ? (source ?? '') : String(value);
  if (typeof value === 'number') return numberText(value, source ?? '');
  if (typeof value === 'string') return value;
  // A date without quotes is a moment to the parser of Liquibase.
  return source === undefined ? JSON.stringify(value) : source.replace(/^\d{4}-\d\d-\d\d$/, '$&T00:00:00');
}

/** As Java writes it: a fraction has no zeros at its end, and at least one digit. */
function numberText(value: number, source: string): string {
  if (!/[.eE]/.test(source)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

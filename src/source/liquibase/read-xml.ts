import type { Node } from './node.js';
import type { Place } from './place.js';
import { invalidChangelog } from './problem.js';

/**
 * Reads a changelog in XML: elements, attributes, text and CDATA. A document type, which could name other files, is
 * refused, and names of schemas are left out.
 * @throws {FOREIGN_FILE_INVALID} with the line.
 */
export function readXml(text: string, file: Omit<Place, 'line'>): Node {
  return new XmlReading(text.replace(/^\uFEFF/, ''), file).document();
}

interface Element {
  readonly name: string;
  readonly place: Place;
  readonly children: Node[];
  text: string;
}

const attribute = /\s+([\w:.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;

class XmlReading {
  readonly #text: string;
  readonly #file: Omit<Place, 'line'>;
  readonly #open: Element[] = [];
  #at = 0;
  #line = 1;
  #counted = 0;
  #root: Node | null = null;

  constructor(text: string, file: Omit<Place, 'line'>) {
    this.#text = text;
    this.#file = file;
  }

  document(): Node {
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === '<') this.#markup();
      else this.#characters();
    }
    const left = this.#open.at(-1);
    if (left !== undefined) throw this.#wrong(`<${left.name}> is not closed.`, left.place);
    if (this.#root === null) throw this.#wrong('there is no element in it.');
    return this.#root;
  }

  #markup(): void {
    if (this.#skips('<!--', '-->') || this.#skips('<?', '?>')) return;
    if (this.#text.startsWith('<![CDATA[', this.#at)) {
      this.#add(this.#until('<![CDATA[', ']]>'));
    } else if (this.#text.startsWith('<!', this.#at)) {
      throw this.#wrong('a document type is not accepted.');
    } else if (this.#text.startsWith('</', this.#at)) {
      this.#close(this.#until('</', '>').trim());
    } else {
      this.#element();
    }
  }

  #element(): void {
    const place = this.#place();
    const name = /<([\w:.-]+)/y;
    name.lastIndex = this.#at;
    const [, tag] = name.exec(this.#text) ?? [];
    if (tag === undefined) throw this.#wrong('"<" begins no element.');
    this.#at = name.lastIndex;
    const element: Element = { name: localName(tag), place, children: [], text: '' };
    for (;;) {
      attribute.lastIndex = this.#at;
      const match = attribute.exec(this.#text);
      if (match === null) break;
      const [, key = '', double, single = ''] = match;
      // An attribute stands where it is written, and not where its element begins.
      const leading = /^\s*/.exec(match[0])?.[0].length ?? 0;
      this.#at += leading;
      const child = {
        name: key,
        place: this.#place(),
        value: this.#decode((double ?? single).replaceAll(/\s/g, ' ')),
        children: [],
      };
      if (!/^(?:xmlns|xsi)(?::|$)/.test(key)) element.children.push(child);
      this.#at = attribute.lastIndex;
    }
    const end = /\s*(\/?)>/y;
    end.lastIndex = this.#at;
    const closed = end.exec(this.#text);
    if (closed === null) throw this.#wrong(`<${tag}> is not written as XML wants it.`);
    this.#at = end.lastIndex;
    if (closed[1] === '/') this.#finish(element);
    else this.#open.push(element);
  }

  #close(tag: string): void {
    const element = this.#open.pop();
    if (element === undefined || element.name !== localName(tag)) {
      throw this.#wrong(`</${tag}> closes ${element === undefined ? 'nothing' : `<${element.name}>`}.`);
    }
    this.#finish(element);
  }

  #finish({ name, place, children, text }: Element): void {
    const node: Node = { name, place, children, value: text.trim() === '' ? null : text };
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.children.push(node);
    else if (this.#root === null) this.#root = node;
    else throw this.#wrong('there is a second element behind the first.');
  }

  #characters(): void {
    const next = this.#text.indexOf('<', this.#at);
    const end = next < 0 ? this.#text.length : next;
    const raw = this.#text.slice(this.#at, end);
    this.#add(this.#decode(raw));
    this.#at = end;
  }

  #add(text: string): void {
    const element = this.#open.at(-1);
    if (element !== undefined) element.text += text;
    else if (text.trim() !== '') throw this.#wrong('there is text outside of all elements.');
  }

  #skips(start: string, end: string): boolean {
    if (!this.#text.startsWith(start, this.#at)) return false;
    this.#until(start, end);
    return true;
  }

  #until(start: string, end: string): string {
    const from = this.#at + start.length;
    const found = this.#text.indexOf(end, from);
    if (found < 0) throw this.#wrong(`"${start}" has no end.`);
    this.#at = found + end.length;
    return this.#text.slice(from, found);
  }

  #decode(text: string): string {
    return text.replaceAll(
      /&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));?/g,
      (whole, hex: string, decimal: string, name: string) => {
        const code = Number.parseInt(hex ?? decimal, hex === undefined ? 10 : 16);
        const character =
          name === undefined ? (code <= 0x10ffff ? String.fromCodePoint(code) : undefined) : entities[name];
        if (character === undefined) throw this.#wrong(`"${whole}" is not known.`);
        return character;
      },
    );
  }

  #place(): Place {
    for (let at = this.#counted; at < this.#at; at += 1) if (this.#text[at] === '\n') this.#line += 1;
    this.#counted = Math.max(this.#at, this.#counted);
    return { ...this.#file, line: this.#line };
  }

  #wrong(message: string, place = this.#place()): Error {
    return invalidChangelog(place, message, 'Correct the XML.');
  }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

import type { Place } from './place.js';
import { invalidChangelog } from './problem.js';

/**
 * What a changelog in XML, YAML or JSON says, in one form: attributes and elements of XML and keys of YAML are children
 * alike.
 */
export interface Node {
  readonly name: string;
  readonly place: Place;
  /** Text of an element, or a plain value; null where there is none. */
  readonly value: string | null;
  readonly children: readonly Node[];
}

/** The first child of that name. */
export function childOf(node: Node, name: string): Node | null {
  return node.children.find((child) => child.name === name) ?? null;
}

/** The value of a child; an empty text counts. */
export function valueOf(node: Node, name: string): string | null {
  return childOf(node, name)?.value ?? null;
}

/** Children of that name, also where they lie in a list of them: `columns: [column, …]`, `<column/><column/>`. */
export function childrenOf(node: Node, name: string, list: string): readonly Node[] {
  return node.children.flatMap((child) => {
    if (child.name === name) return [child];
    return child.name === list ? childrenOf(child, name, list) : [];
  });
}

/** @throws {FOREIGN_FILE_INVALID} for a word that is neither true nor false. */
export function flagOf(node: Node, name: string, unsaid: boolean): boolean {
  const child = childOf(node, name);
  const word = child?.value?.trim().toLowerCase() ?? '';
  if (child === null || word === '') return unsaid;
  if (word === 'true' || word === 'yes' || word === 'on' || word === '1') return true;
  if (word === 'false' || word === 'no' || word === 'off' || word === '0') return false;
  throw invalidChangelog(child.place, `"${name}" is "${child.value}".`, 'Write true or false.');
}

/** A copy with `change` made of every value. */
export function mapValues(node: Node, change: (text: string) => string): Node {
  return {
    ...node,
    value: node.value === null ? null : change(node.value),
    children: node.children.map((child) => mapValues(child, change)),
  };
}

/** One text for what a node says, whatever its syntax and place. */
export function canonical(node: Node): unknown {
  return [node.name, node.value, node.children.map(canonical)];
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, valueOf } from './node.js';

/** The files of a folder and the folders in it, by their names, in the order in which Liquibase takes them. */
export function listChangelogs(folder: string, name: string, node: Node): readonly string[] {
  const least = Number(valueOf(node, 'minDepth') ?? 0);
  const most = Number(valueOf(node, 'maxDepth') ?? Infinity);
  const ending = valueOf(node, 'endsWithFilter') ?? '';
  const found: string[] = [];
  const visit = (path: string, shown: string, depth: number): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inside = `${shown}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth < most) visit(join(path, entry.name), inside, depth + 1);
      } else if (depth >= least && entry.name.endsWith(ending)) {
        found.push(inside);
      }
    }
  };
  visit(folder, name, 1);
  return found.sort((a, b) => (a < b ? -1 : 1));
}

import { isAbsolute, relative, sep } from 'node:path';

/** A path for people: relative to the project folder where it lies in it, with `/` on every system. */
export function shownPath(path: string, root: string): string {
  const inside = relative(root, path);
  const shown = inside === '' || inside.startsWith('..') || isAbsolute(inside) ? path : inside;
  return sep === '/' ? shown : shown.replaceAll(sep, '/');
}

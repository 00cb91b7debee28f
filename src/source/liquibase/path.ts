import { posix } from 'node:path';

/** A name of a changelog as Liquibase keeps it: relative, with slashes. */
export function normalPath(name: string): string {
  const plain = name.replaceAll('\\', '/').replace(/^classpath\*?:/, '');
  const normal = posix.normalize(plain).replace(/^\/+/, '');
  return normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let known: string | null = null;

/** The version of this package, from the package.json that stands above this file, bundled or not. */
export function packageVersion(): string {
  known ??= readVersion(dirname(fileURLToPath(import.meta.url)));
  return known;
}

function readVersion(dir: string): string {
  const file = join(dir, 'package.json');
  if (existsSync(file)) {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string };
    if (manifest.name === 'lockkeeper') return manifest.version ?? '0.0.0';
  }
  const parent = dirname(dir);
  return parent === dir ? '0.0.0' : readVersion(parent);
}

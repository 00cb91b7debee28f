import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of this repository. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** A project folder of a user, made for one test. */
export interface TempProject {
  readonly dir: string;
  write(path: string, content: string | Uint8Array): void;
  read(path: string): string;
  exists(path: string): boolean;
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(path?: string): readonly string[];
  delete(path: string): void;
  remove(): void;
}

export interface TempProjectOptions {
  /** Makes `import … from 'lockkeeper'` work there, through a link to this repository. */
  readonly linkPackage?: boolean;
  /** What the folder's name begins with. @default 'lockkeeper-project-' */
  readonly prefix?: string;
}

/** Makes a folder with these files (path to content) below the system's folder for temporary files. */
export function tempProject(
  files: Readonly<Record<string, string>> = {},
  options: TempProjectOptions = {},
): TempProject {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), options.prefix ?? 'lockkeeper-project-')));
  // As an ordinary folder: the embedded server runs as another user when the tests run as root.
  chmodSync(dir, 0o755);
  const at = (path: string): string => resolve(dir, path);
  const project: TempProject = {
    dir,
    write: (path, content) => {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), content);
    },
    read: (path) => readFileSync(at(path), 'utf8'),
    exists: (path) => existsSync(at(path)),
    list: (path = '.') => (existsSync(at(path)) ? readdirSync(at(path)).sort() : []),
    delete: (path) => rmSync(at(path), { recursive: true }),
    remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
  for (const [path, content] of Object.entries(files)) project.write(path, content);
  if (options.linkPackage === true) linkPackage(dir);
  return project;
}

function linkPackage(dir: string): void {
  mkdirSync(join(dir, 'node_modules'), { recursive: true });
  symlinkSync(repository, join(dir, 'node_modules', 'lockkeeper'), 'dir');
}

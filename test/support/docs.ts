import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './project.js';

/** Something that a page of the documentation says, and that can be tried. */
export type DocsStep =
  /** A file of the project: the block below `<!-- file: path -->`. */
  | { readonly kind: 'file'; readonly path: string; readonly text: string; readonly line: number }
  /** A command: the `sh` block below `<!-- run -->` or `<!-- run: exits 2 -->`, with the `text` block below it. */
  | {
      readonly kind: 'run';
      readonly command: string;
      readonly exit: number;
      readonly output: readonly string[];
      readonly line: number;
    }
  /** A program: the `ts` block below `<!-- program: name.ts -->`, with the `text` block below it. */
  | {
      readonly kind: 'program';
      readonly path: string;
      readonly text: string;
      readonly output: readonly string[];
      readonly line: number;
    };

/** A project that a page works in, from `<!-- project: empty -->` or `<!-- project: examples/… -->` to the next. */
export interface DocsProject {
  /** Folder of the repository that is copied; null for an empty one. */
  readonly from: string | null;
  readonly line: number;
  readonly steps: readonly DocsStep[];
}

/**
 * What a page asks to be tried, in order. The marks are HTML comments, which readers do not see. A mark that is not
 * understood, or has no block below it, is an error: an example that is not run looks as if it were.
 */
export function readDocs(markdown: string): readonly DocsProject[] {
  const projects: { from: string | null; line: number; steps: DocsStep[] }[] = [];
  const marks = [...markdown.matchAll(/^<!-- (project|file|run|program)(?:: (.*?))? -->\n/gm)];
  for (const mark of marks) {
    const [whole, kind = '', argument = ''] = mark;
    const line = markdown.slice(0, mark.index).split('\n').length;
    if (kind === 'project') {
      projects.push({ from: argument === 'empty' ? null : argument, line, steps: [] });
      continue;
    }
    const step = readStep({ kind, argument, line }, markdown.slice(mark.index + whole.length));
    const project = projects.at(-1);
    if (step === null || project === undefined) {
      throw new Error(`line ${line}: the mark "${kind}" has no ${step === null ? 'block' : 'project'}.`);
    }
    project.steps.push(step);
  }
  return projects;
}

function readStep(
  mark: { readonly kind: string; readonly argument: string; readonly line: number },
  below: string,
): DocsStep | null {
  const [block, language = '', text = ''] = /^\s*```(\w+)\n(.*?)^```\n/ms.exec(below) ?? [];
  if (block === undefined || !below.trimStart().startsWith('```')) return null;
  const { line, argument } = mark;
  if (mark.kind === 'file') return { kind: 'file', path: argument, text, line };
  const output = outputBelow(below.slice(below.indexOf(block) + block.length));
  if (mark.kind === 'program')
    return language === 'ts' ? { kind: 'program', path: argument, text, output, line } : null;
  const exit = argument === '' ? '0' : /^exits (\d+)$/.exec(argument)?.[1];
  if (language !== 'sh' || exit === undefined) return null;
  return { kind: 'run', command: text.trim(), exit: Number(exit), output, line };
}

/** Lines of the `text` block that follows directly; empty when none does. */
function outputBelow(rest: string): readonly string[] {
  const output = /^\s*```text\n(.*?)^```/ms.exec(rest);
  if (output === null || !rest.trimStart().startsWith('```text')) return [];
  return (output[1] ?? '').split('\n').filter((line) => line.trim() !== '');
}

/** The pages of a folder, with their paths relative to the repository. */
export function listPages(folder: string): readonly string[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .toSorted();
}

export const readPage = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** Links of a page that lead to a place in the repository, without those inside code. */
export function readLinks(markdown: string): readonly string[] {
  const prose = markdown.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`(?!\])/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? '')
    .filter((target) => !/^[a-z]+:/i.test(target));
}

/** The anchors of a page, by the rules of GitHub. */
export function readAnchors(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const prose = markdown.replaceAll(/^```.*?^```$/gms, '');
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

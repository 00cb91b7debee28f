import { afterEach } from 'vitest';
import { nodePgMigrate } from '../../src/source/node-pg-migrate/index.js';
import { FileReader } from '../../src/source/file-bytes.js';
import type { FormatSource } from '../../src/source/format.js';
import type { FormatSettings } from '../../src/source/options.js';
import { tempProject, type TempProject } from './project.js';
import { linkTools } from './tools.js';

/** Projects of the running test, which go after it. */
export const projects: TempProject[] = [];

afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

/** A project with these files, as the format of node-pg-migrate sees it. */
export function openFolder(files: readonly string[], settings: FormatSettings = {}): FormatSource {
  const project = tempProject(Object.fromEntries(files.map((file) => [file, '-- Up Migration'])));
  projects.push(project);
  linkTools(project);
  const options = { name: 'm', dir: `${project.dir}/m`, format: 'node-pg-migrate' as const, settings };
  return nodePgMigrate.open(options, { root: project.dir, reader: new FileReader() });
}

import { relative } from 'node:path';
import type { Warning } from '../core/report.js';
import type { ForeignFormat } from '../migration/migration.js';
import { loadFormat } from '../source/formats.js';
import type { SourceOptions } from '../source/options.js';
import { type Folder, type FoldersRequest, projectPath } from './folder.js';
import { loadConfigFile } from './load.js';
import type { ToolConnection } from './tool-connection.js';

/** A folder of another tool, with what its own configuration says. */
export interface ForeignFolder {
  readonly source: SourceOptions;
  /** As the tool's makers write it. */
  readonly title: string;
  /** The file that its configuration was read from, relative to the project folder. */
  readonly file: string | null;
  readonly tool: ToolConnection | null;
  readonly warnings: readonly Warning[];
}

/**
 * Lets the format read its tool's own configuration.
 * @throws {CONFIG_NOT_LOADED} {CONFIG_INVALID}
 */
export async function configureFolder(
  folder: Folder & { readonly format: ForeignFormat },
  request: FoldersRequest,
): Promise<ForeignFolder> {
  const { root, variables, environment } = request;
  const { name, given = {}, keepForeignHistory = true, dependsOn } = folder;
  const context = { environment: environment.info.name, root };
  const format = await loadFormat(folder.format);
  const { file, dir, settings, connection, warnings } = await format.configure({
    root,
    environment: environment.info.name,
    given,
    dir: folder.dir,
    variable: (wanted) => variables.get(wanted)?.value,
    load: (path) => loadConfigFile(path, { context, variables }),
  });
  const source = {
    name: name ?? projectPath(dir, root),
    dir,
    format: folder.format,
    settings,
    keepForeignHistory,
    ...(dependsOn === undefined ? {} : { dependsOn }),
  };
  const shown = file === null ? null : relative(root, file);
  const tool =
    connection === null ? null : { format: folder.format, title: format.title, file: shown, connection };
  return { source, title: format.title, file: shown, tool, warnings };
}

import { loadFormat } from '../source/formats.js';
import type { SourceOptions } from '../source/options.js';
import { isLockkeeperError } from '../core/errors.js';
import { loadConfigFile } from './load.js';
import type { FoldersRequest } from './folders.js';

/** Lets each format of another tool read that tool's own configuration; native folders stay as they are. */
export async function configureForeign(
  sources: readonly SourceOptions[],
  request: FoldersRequest,
): Promise<readonly SourceOptions[]> {
  if (sources.every(({ format }) => format === 'native')) return sources;
  return await Promise.all(sources.map((source) => configureOne(source, request)));
}

async function configureOne(source: SourceOptions, request: FoldersRequest): Promise<SourceOptions> {
  const { root, variables, environment, problems } = request;
  if (source.format === 'native') return source;
  const context = { environment: environment.info.name, root };
  try {
    const format = await loadFormat(source.format);
    const { dir, settings } = await format.configure({
      root,
      environment: environment.info.name,
      given: source.settings ?? {},
      dir: source.dir,
      variable: (name) => variables.get(name)?.value,
      load: (path) => loadConfigFile(path, { context, variables }),
    });
    return { ...source, dir, settings };
  } catch (error) {
    if (!isLockkeeperError(error)) throw error;
    problems.push(error);
    return source;
  }
}

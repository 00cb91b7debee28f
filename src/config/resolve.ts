import { relative } from 'node:path';
import { checkConfig } from './check.js';
import { chooseEnvironment, findEnvironment } from './environment.js';
import { Explanation } from './explain.js';
import { findProject } from './find.js';
import { resolveSeedsDir, resolveSources, resolveTemplatesDir } from './folders.js';
import type { ConfigInput } from './input.js';
import { loadConfigFile } from './load.js';
import { problem, throwProblems, type Problems } from './problems.js';
import type { LockkeeperConfig } from './public.js';
import type { ResolvedConfig } from './resolved.js';
import { resolveHistory, resolveOutOfOrder, resolveRun } from './settings.js';
import { sectionOrigin } from './sources.js';
import { wantsObservers } from './wants-observers.js';
import { resolveTarget } from './target.js';
import { readVariables, withEnvironmentFile } from './variables.js';

/**
 * The configuration of one environment, checked and complete. Precedence: flag, environment variable (the process's own,
 * then `.env.<environment>`, then `.env`), environment section, configuration, another tool's own configuration, default. All problems are found before
 * any is thrown.
 * @throws {CONFIG_INVALID} {CONFIG_NOT_LOADED} {ENVIRONMENT_UNKNOWN}
 */
export async function resolveConfig(input: ConfigInput = {}): Promise<ResolvedConfig> {
  const { cwd, root, file } = findProject(input);
  const explanation = new Explanation();
  const problems: Problems = [];
  const own = readVariables(root, input.variables);
  const chosen = chooseEnvironment(input, own, explanation);
  const variables = withEnvironmentFile(own, root, chosen.name);
  const shownFile = file === null ? null : relative(root, file);

  let config: LockkeeperConfig | null = null;
  if (file !== null && shownFile !== null) {
    const context = { environment: chosen.name, root };
    config = await checkConfig(await loadConfigFile(file, { context, variables }), shownFile, problems);
  }
  if (input.url === '') problems.push(emptyUrl());
  const incomplete = problems.length > 0;
  const environment = findEnvironment(chosen, config, problems);

  const request = {
    input,
    variables,
    environment,
    config,
    file: shownFile,
    problems,
    explanation,
    root,
    cwd,
    incomplete,
  };
  const isProtected = environment.info.protected;
  const said = environment.section?.protected !== undefined;
  explanation.note('protected', String(isProtected), said ? sectionOrigin(request) : { kind: 'default' });
  const folders = await resolveSources(request);
  const target = resolveTarget({ ...request, tools: folders.tools });
  explanation.choose('migrations', folders.candidates);
  const resolved = {
    root,
    file,
    environment: environment.info,
    variables: variables.all(),
    target,
    sources: folders.sources,
    warnings: folders.warnings,
    seedsDir: resolveSeedsDir(request),
    templatesDir: resolveTemplatesDir(request),
    history: resolveHistory(request),
    run: resolveRun(request),
    outOfOrder: resolveOutOfOrder(request),
    observe:
      !incomplete && wantsObservers(request) ? (await import('./observe.js')).resolveObserve(request) : null,
  };
  throwProblems(problems, shownFile);
  return {
    ...resolved,
    get explained() {
      return explanation.rows;
    },
  };
}

/** `--url "$X"` with X not set must not run somewhere else. */
function emptyUrl(): ReturnType<typeof problem> {
  return problem({
    message: 'url is empty.',
    hint: 'Give a connection URL or "embedded", or leave url out; a variable in its place may not be set.',
    details: { option: 'url' },
  });
}

import { join } from 'node:path';
import { redactUrl } from '../core/redact.js';
import type { ConnectionOptions, Target } from '../pg/options.js';
import {
  buildConnection,
  chooseOption,
  layersOf,
  pick,
  sessionOptions,
  type ConnectionRequest,
} from './connection.js';
import { Explanation } from './explain.js';
import { problem } from './problems.js';
import {
  configOrigin,
  listSources,
  noSource,
  readLayers,
  sectionOrigin,
  type ConnectionLayers,
  type ConnectionSource,
} from './sources.js';
import { databaseOf } from './tool-connection.js';

export interface TargetRequest extends ConnectionRequest {
  readonly explanation: Explanation;
  /** True where parts of the configuration were left out as wrong, the url perhaps among them. */
  readonly incomplete: boolean;
}

/** Where the database is. What is wrong goes into `problems`; the answer is of use only when there are none. */
export function resolveTarget(request: TargetRequest): Target {
  const layers = readLayers(request);
  const sources = listSources(request, layers);
  const chosen = request.explanation.choose(
    'url',
    sources.map((source) => ({ value: source, text: source.text, origin: source.origin })),
  )?.value;
  if (chosen === undefined && !request.incomplete) request.problems.push(noSource(request));
  if (chosen?.strength === 'tool') refuseTwoDatabases(request);
  noteReplicas(request);
  if (chosen === undefined || chosen.text === 'embedded') return embeddedTarget(request, layers);
  const parts = layersOf(chosen, layers, request);
  for (const layer of parts.identity) request.problems.push(...(layer.problems ?? []));
  const connection = buildConnection(parts, request, request.explanation);
  const pooled = chooseOption(parts.options, 'pooled', String, request.explanation)?.value ?? null;
  return { kind: 'server', connection, direct: directConnection(chosen, layers, request), pooled };
}

/** Migrations of two tools run on one database; which one, only a person can say. */
function refuseTwoDatabases(request: TargetRequest): void {
  const [first, ...others] = request.tools.flatMap((tool) => {
    const database = databaseOf(tool);
    return database === null ? [] : [{ tool, database }];
  });
  const other = others.find(({ database }) => database !== first?.database);
  if (first === undefined || other === undefined) return;
  request.problems.push(
    problem({
      message: `Two tools of this project name two databases: ${first.database} (${first.tool.title}) and ${other.database} (${other.tool.title}).`,
      hint: 'Give url in lockkeeper.config, or set DATABASE_URL, to say on which of them the migrations run.',
    }),
  );
}

function embeddedTarget(request: TargetRequest, layers: ConnectionLayers): Target {
  const { explanation, environment } = request;
  const configured = [layers.section, layers.config];
  const database = chooseOption(configured, 'database', String, explanation)?.value;
  return {
    kind: 'embedded',
    dir: join(request.root, '.lockkeeper', 'postgres-18'),
    database: database ?? environment.info.name,
    ...sessionOptions(
      [...configured, { ...layers.libpq, settings: pick(layers.libpq.settings, ['applicationName']) }],
      explanation,
    ),
  };
}

/** The direct url that was said together with the chosen url, also where the configuration took that from a variable. */
function directConnection(
  chosen: ConnectionSource,
  layers: ConnectionLayers,
  request: TargetRequest,
): ConnectionOptions | null {
  const direct = chosen.direct ?? configuredDirect(chosen, request);
  if (direct === null) return null;
  request.explanation.note('directUrl', direct.text, direct.origin);
  const source: ConnectionSource = { ...chosen, ...direct, direct: null };
  return buildConnection(layersOf(source, layers, request), request, new Explanation());
}

function configuredDirect(chosen: ConnectionSource, request: TargetRequest): ConnectionSource['direct'] {
  const { section, sectionKey } = request.environment;
  const places = [
    { config: section, label: `environments.${sectionKey}.directUrl`, origin: sectionOrigin(request) },
    { config: request.config, label: 'directUrl', origin: configOrigin(request) },
  ];
  for (const { config, label, origin } of places) {
    if (config?.url === chosen.text && config.directUrl !== undefined && config.directUrl !== '') {
      return { text: config.directUrl, label, origin };
    }
  }
  return null;
}

/** Replicas follow the primary server by themselves; they are shown, and never part of the target. */
function noteReplicas(request: TargetRequest): void {
  const variable = request.variables.get('DATABASE_REPLICA_URLS');
  if (variable === null) return;
  const urls = variable.value.split(',').map((url) => redactUrl(url.trim()));
  request.explanation.note(
    'replicas',
    `${urls.join(', ')} (not migrated: they follow the primary)`,
    variable.origin,
  );
}

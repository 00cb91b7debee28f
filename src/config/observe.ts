import { resolve } from 'node:path';
import { formatDuration, parseDuration } from '../core/duration.js';
import type { LogOptions, MetricsOptions, ObserveOptions } from '../observe/options.js';
import type { Candidate } from './explain.js';
import { type FoldersRequest, projectPath } from './folder.js';
import { problem } from './problems.js';
import type { LogConfig, MetricsConfig } from './public.js';
import type { Origin } from './resolved.js';
import { configured } from './settings.js';
import { resolveWebhooks } from './webhooks.js';

const defaultEveryMs = 15_000;

/** Who listens to runs. Only loaded where something says so. */
export function resolveObserve(request: FoldersRequest): ObserveOptions {
  return {
    log: resolveLog(request),
    metrics: resolveMetrics(request),
    webhooks: resolveWebhooks(request),
    openTelemetry: resolveTelemetry(request),
  };
}

/** Format and file are chosen one by one: a flag may send a configured log elsewhere. */
function resolveLog(request: FoldersRequest): LogOptions | null {
  const { input, variables, root, cwd } = request;
  const fileVariable = variables.get('LOCKKEEPER_LOG_FILE');
  const show = (path: string): string => projectPath(path, root);
  const chosenFile = request.explanation.choose<string>('log.file', [
    fileCandidate(input.logFile, { kind: 'flag', option: 'logFile' }, { base: cwd, show }),
    fileVariable === null
      ? null
      : fileCandidate(fileVariable.value, fileVariable.origin, { base: root, show }),
    ...configured(
      request,
      ({ log }) => (log?.file === undefined ? undefined : resolve(root, log.file)),
      show,
    ),
  ]);
  const formatVariable = variables.get('LOCKKEEPER_LOG_FORMAT');
  const formats: (Candidate<string> | null)[] = [
    plain(input.logFormat, { kind: 'flag', option: 'logFormat' }),
    formatVariable === null ? null : plain(formatVariable.value, formatVariable.origin),
    ...configured(request, ({ log }) => formatOf(log), String),
    // Whoever names a file wants something in it.
    chosenFile === null ? null : plain('json', chosenFile.origin),
  ];
  const format = request.explanation.choose<string>('log.format', formats);
  if (format !== null && format.value !== 'json' && format.value !== 'text') {
    const { origin } = format;
    const [label, details] =
      origin.kind === 'variable'
        ? [`The variable ${origin.variable}`, { variable: origin.variable }]
        : ['logFormat', { option: 'logFormat' }];
    const message = `${label} is ${JSON.stringify(format.value)}. Accepted: "json" or "text".`;
    request.problems.push(problem({ message, details }));
  }
  return format?.value === 'json' ? { file: chosenFile?.value ?? null } : null;
}

const formatOf = (log: LogConfig | undefined): string | undefined =>
  log === undefined ? undefined : (log.format ?? 'json');

function plain(value: string | undefined, origin: Origin): Candidate<string> | null {
  return value === undefined ? null : { value, text: value, origin };
}

function fileCandidate(
  file: string | undefined,
  origin: Origin,
  as: { readonly base: string; readonly show: (path: string) => string },
): Candidate<string> | null {
  if (file === undefined || file === '') return null;
  const path = resolve(as.base, file);
  return { value: path, text: as.show(path), origin };
}

function resolveMetrics(request: FoldersRequest): MetricsOptions | null {
  const { root, variables } = request;
  const variable = variables.get('LOCKKEEPER_METRICS_FILE');
  const show = ({ file, everyMs }: MetricsOptions): string =>
    `${projectPath(file, root)}, every ${formatDuration(everyMs)}`;
  const read = (metrics: MetricsConfig | undefined): MetricsOptions | undefined =>
    metrics === undefined
      ? undefined
      : {
          file: resolve(root, metrics.file),
          everyMs: parseDuration(metrics.every ?? defaultEveryMs) ?? defaultEveryMs,
        };
  const fromVariable =
    variable === null ? null : { file: resolve(root, variable.value), everyMs: defaultEveryMs };
  const chosen = request.explanation.choose<MetricsOptions>('metrics', [
    variable === null || fromVariable === null
      ? null
      : { value: fromVariable, text: show(fromVariable), origin: variable.origin },
    ...configured(request, (settings) => read(settings.metrics), show),
  ]);
  return chosen?.value ?? null;
}

function resolveTelemetry(request: FoldersRequest): boolean | 'auto' {
  const chosen = request.explanation.choose<boolean>(
    'openTelemetry',
    configured(request, (settings) => settings.openTelemetry, String),
  );
  return chosen?.value ?? 'auto';
}

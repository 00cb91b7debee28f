import type { SourceRequest } from './sources.js';

const variables = [
  'LOCKKEEPER_LOG_FORMAT',
  'LOCKKEEPER_LOG_FILE',
  'LOCKKEEPER_METRICS_FILE',
  'LOCKKEEPER_WEBHOOK_URL',
];

/** Whether anything says who listens to runs. Cheap, because almost every start asks and the answer is mostly no. */
export function wantsObservers(request: SourceRequest): boolean {
  const { input, config, environment } = request;
  return (
    input.logFormat !== undefined ||
    input.logFile !== undefined ||
    [config, environment.section].some(
      (settings) =>
        settings?.log !== undefined ||
        settings?.metrics !== undefined ||
        settings?.webhooks !== undefined ||
        settings?.openTelemetry !== undefined,
    ) ||
    request.variables.first(variables) !== null
  );
}

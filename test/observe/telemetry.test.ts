import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ErrorJson } from '../../src/core/errors.js';
import type { RunReport } from '../../src/core/report.js';
import { createTelemetry } from '../../src/observe/telemetry.js';
import { repository, tempProject } from '../support/project.js';
import { surroundings } from './support.js';

/** The parts of the SDK that are used here; it is the real one, and only its types are not needed to check this file. */
interface Sdk {
  readonly trace: { setGlobalTracerProvider(provider: object): void; disable(): void };
  readonly metrics: { setGlobalMeterProvider(provider: object): void; disable(): void };
  readonly SpanStatusCode: { readonly ERROR: number };
  readonly AggregationTemporality: { readonly CUMULATIVE: number };
  readonly InMemoryMetricExporter: new (temporality: number) => Figures;
  readonly MeterProvider: new (options: object) => object;
  readonly PeriodicExportingMetricReader: new (options: object) => object;
  readonly BasicTracerProvider: new (options: object) => object;
  readonly BatchSpanProcessor: new (exporter: Spans) => object;
  readonly InMemorySpanExporter: new () => Spans;
}

interface Spans {
  getFinishedSpans(): Span[];
}

interface Span {
  readonly name: string;
  readonly parentSpanContext?: { readonly spanId: string };
  readonly status: { readonly code: number };
  readonly events: readonly { readonly name: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  spanContext(): { readonly spanId: string };
}

interface Figure {
  readonly descriptor: { readonly name: string };
  readonly dataPoints: readonly { readonly value: unknown }[];
}

interface Figures {
  getMetrics(): { readonly scopeMetrics: readonly { readonly metrics: readonly Figure[] }[] }[];
}

const load = createRequire(import.meta.url);
const sdk = {
  ...(load('@opentelemetry/api') as object),
  ...(load('@opentelemetry/sdk-metrics') as object),
  ...(load('@opentelemetry/sdk-trace-base') as object),
} as Sdk;
const { trace, metrics, SpanStatusCode } = sdk;

let spans: Spans;
let figures: Figures;

beforeEach(() => {
  spans = new sdk.InMemorySpanExporter();
  figures = new sdk.InMemoryMetricExporter(sdk.AggregationTemporality.CUMULATIVE);
  trace.setGlobalTracerProvider(
    new sdk.BasicTracerProvider({ spanProcessors: [new sdk.BatchSpanProcessor(spans)] }),
  );
  const reader = new sdk.PeriodicExportingMetricReader({
    exporter: figures,
    exportIntervalMillis: 3_600_000,
  });
  metrics.setGlobalMeterProvider(new sdk.MeterProvider({ readers: [reader] }));
});

afterEach(() => {
  trace.disable();
  metrics.disable();
});

const error: ErrorJson = { code: 'MIGRATION_FAILED', message: 'Migration 1 failed.', docs: '' };
const migration = { runId: 'r-1', version: '1', name: 'a', direction: 'up' } as const;
const report: RunReport = {
  runId: 'r-1',
  direction: 'up',
  environment: 'test',
  batch: 1,
  applied: [],
  failed: null,
  notRun: [],
  warnings: [],
  durationMs: 1,
};

it('makes a span of the run, of each migration and of each step, and has them sent before the program ends', async () => {
  const observer = createTelemetry(surroundings({ root: repository }), true);
  observer?.hear('run:start', {
    runId: 'r-1',
    direction: 'up',
    environment: 'test',
    migrations: [{ version: '1', name: 'a' }],
  });
  observer?.hear('migration:apply:start', { ...migration, index: 0, total: 1 });
  observer?.hear('step:start', { ...migration, step: 1, steps: 1, transaction: true });
  const retry = { step: 1, attempt: 1, delayMs: 1, sqlstate: '55P03', rolledBack: 'step' } as const;
  observer?.hear('step:retry', { ...migration, ...retry });
  observer?.hear('migration:apply:error', { ...migration, error });
  observer?.hear('run:error', { report, error });
  await observer?.end();
  const ended = spans.getFinishedSpans();
  expect(ended.map((span) => span.name)).toEqual(['step 1', 'migration 1', 'lockkeeper up']);
  const [step, one, run] = ended as [Span, Span, Span];
  expect(step.parentSpanContext?.spanId).toBe(one.spanContext().spanId);
  expect(one.parentSpanContext?.spanId).toBe(run.spanContext().spanId);
  expect(step.events.map(({ name }) => name)).toEqual(['retry']);
  for (const span of ended) expect(span.status.code).toBe(SpanStatusCode.ERROR);
  expect(run.attributes).toMatchObject({
    'lockkeeper.run_id': 'r-1',
    'lockkeeper.environment': 'test',
    'error.type': 'MIGRATION_FAILED',
  });
});

it('counts and times migrations', async () => {
  const observer = createTelemetry(surroundings({ root: repository }), true);
  observer?.hear('lock:acquired', { waitedMs: 2000 });
  for (const durationMs of [1000, 3000])
    observer?.hear('migration:apply:success', {
      ...migration,
      report: { version: '1', name: 'a', durationMs, steps: [] },
    });
  await observer?.end();
  const found = figures
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics));
  const valueOf = (name: string): unknown =>
    found.find(({ descriptor }) => descriptor.name === name)?.dataPoints[0]?.value;
  expect(valueOf('lockkeeper.migrations')).toBe(2);
  expect(valueOf('lockkeeper.migration.duration')).toMatchObject({ count: 2, sum: 4 });
  expect(valueOf('lockkeeper.lock.wait')).toMatchObject({ count: 1, sum: 2 });
});

it('says so where it is asked for and the project has no such package, and only then', () => {
  const project = tempProject();
  for (const [wanted, expected] of [
    [true, ['telemetry-missing']],
    ['auto', []],
  ] as const) {
    const around = surroundings({ root: project.dir });
    expect(createTelemetry(around, wanted)).toBeNull();
    expect(around.warnings.map(({ code }) => code)).toEqual(expected);
  }
  project.remove();
});

import type { ErrorJson } from '../core/errors.js';
import type { AnyEvent, Surroundings } from './observer.js';
import type { Attributes, Counter, Histogram, Span, Telemetry, Tracer } from './telemetry-api.js';

const scope = 'lockkeeper';

/** One span for each run, with one for each migration and each step below it; and what is counted over many runs. */
export class RunSpans {
  readonly #api: Telemetry;
  readonly #tracer: Tracer;
  readonly #about: Surroundings;
  /** Where the verb was called: an application that migrates at its start has a span of its own there. */
  readonly #outside: unknown;
  readonly #common: Attributes;
  readonly #figures: Figures;
  #run: Span | null = null;
  #migration: Span | null = null;
  #step: Span | null = null;

  constructor(api: Telemetry, about: Surroundings) {
    this.#api = api;
    this.#about = about;
    this.#tracer = api.trace.getTracer(scope, about.version);
    this.#outside = api.context.active();
    this.#common = {
      'db.system.name': 'postgresql',
      'lockkeeper.environment': about.environment,
      'lockkeeper.database': about.database,
      'lockkeeper.verb': about.verb,
    };
    this.#figures = createFigures(api, about.version);
  }

  hear(event: AnyEvent): void {
    switch (event.name) {
      case 'run:start': {
        const { runId, direction, migrations } = event.payload;
        const attributes = {
          'lockkeeper.run_id': runId,
          'lockkeeper.direction': direction,
          'lockkeeper.migrations': migrations.length,
        };
        this.#run = this.#start(`lockkeeper ${this.#about.verb}`, null, attributes);
        return;
      }
      case 'run:success':
        return this.#close(null);
      case 'run:error':
        return this.#close(event.payload.error);
      case 'run:refused':
        this.#run ??= this.#start(`lockkeeper ${this.#about.verb}`, null, {});
        return this.#close(event.payload.error);
      case 'step:retry':
        this.#figures.retries.add(1, this.#common);
        this.#step?.addEvent('retry', {
          'lockkeeper.attempt': event.payload.attempt,
          'db.response.status_code': event.payload.sqlstate,
        });
        return;
      case 'lock:acquired':
        return this.#figures.lockWait.record(event.payload.waitedMs / 1000, this.#common);
      default:
        this.#hearMigration(event);
    }
  }

  /** Ends what was left open by a verb that threw in between. */
  end(): void {
    this.#close(null);
  }

  #hearMigration(event: AnyEvent): void {
    switch (event.name) {
      case 'migration:apply:start': {
        const { version, name, direction } = event.payload;
        this.#migration = this.#start(`migration ${version}`, this.#run, {
          'lockkeeper.migration.version': version,
          'lockkeeper.migration.name': name,
          'lockkeeper.direction': direction,
        });
        return;
      }
      case 'migration:apply:success': {
        const { direction, report } = event.payload;
        const attributes = { ...this.#common, 'lockkeeper.direction': direction };
        this.#figures.migrations.add(1, { ...attributes, 'lockkeeper.outcome': 'success' });
        this.#figures.duration.record(report.durationMs / 1000, attributes);
        return this.#closeMigration(null);
      }
      case 'migration:apply:error': {
        const { direction, error } = event.payload;
        const attributes = { ...this.#common, 'lockkeeper.direction': direction };
        this.#figures.migrations.add(1, { ...attributes, 'lockkeeper.outcome': 'failure' });
        return this.#closeMigration(error);
      }
      case 'step:start': {
        const { step, transaction } = event.payload;
        this.#step = this.#start(`step ${step}`, this.#migration, {
          'lockkeeper.step': step,
          'lockkeeper.step.transaction': transaction,
        });
        return;
      }
      case 'step:success':
        this.#step?.setAttributes({ 'lockkeeper.step.retries': event.payload.report.retries });
        return this.#closeStep(null);
      default:
    }
  }

  #start(name: string, parent: Span | null, attributes: Attributes): Span {
    const { trace } = this.#api;
    const context = parent === null ? this.#outside : trace.setSpan(this.#outside, parent);
    return this.#tracer.startSpan(name, { attributes: { ...this.#common, ...attributes } }, context);
  }

  #closeStep(error: ErrorJson | null): void {
    this.#finish(this.#step, error);
    this.#step = null;
  }

  #closeMigration(error: ErrorJson | null): void {
    this.#closeStep(error);
    this.#finish(this.#migration, error);
    this.#migration = null;
  }

  #close(error: ErrorJson | null): void {
    this.#closeMigration(error);
    this.#finish(this.#run, error);
    this.#run = null;
  }

  #finish(span: Span | null, error: ErrorJson | null): void {
    if (span === null) return;
    if (error !== null) {
      span.setAttributes({ 'error.type': error.code });
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: error.message });
    }
    span.end();
  }
}

interface Figures {
  readonly migrations: Counter;
  readonly retries: Counter;
  readonly duration: Histogram;
  readonly lockWait: Histogram;
}

function createFigures({ metrics }: Telemetry, version: string): Figures {
  const meter = metrics.getMeter(scope, version);
  return {
    migrations: meter.createCounter('lockkeeper.migrations', {
      description: 'Migrations applied or undone, and those that failed.',
    }),
    retries: meter.createCounter('lockkeeper.step.retries', {
      description: 'Steps that were rolled back for want of a lock, and tried again.',
    }),
    duration: meter.createHistogram('lockkeeper.migration.duration', {
      description: 'How long migrations took.',
      unit: 's',
    }),
    lockWait: meter.createHistogram('lockkeeper.lock.wait', {
      description: 'How long runs waited for the migration lock.',
      unit: 's',
    }),
  };
}

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AnyEvent, eventFrom, type Observer, type Surroundings } from './observer.js';
import { durationBuckets } from './metric-names.js';
import type { MetricsOptions } from './options.js';
import { Changes, parseSeries, renderSeries, type Series } from './prometheus.js';

/**
 * Writes what runs do into a file in Prometheus' text format. Counters go on where the last run left them, so that
 * `increase()` works over programs that live for seconds; series of other databases in the file are kept.
 */
export function createMetrics({ file, everyMs }: MetricsOptions, about: Surroundings): Observer {
  const tally = new Tally(about);
  let faulty = false;
  let timer: NodeJS.Timeout | undefined;
  const write = (): void => {
    try {
      const changes = tally.now();
      writeAtomically(file, renderSeries(changes.appliedTo(readSeries(file))));
      changes.clear();
    } catch (error) {
      if (faulty) return;
      faulty = true;
      about.warn({
        code: 'metrics-not-written',
        message: `The metrics ${file} cannot be written: ${(error as Error).message}.`,
        hint: 'Make the folder, give the user that runs Lockkeeper the right to write there, or set metrics.file to another path.',
      });
    }
  };
  return {
    hear: (name, payload) => {
      const event = eventFrom(name, payload);
      tally.count(event);
      if (event.name !== 'run:start') return;
      write();
      timer ??= setInterval(write, everyMs).unref();
    },
    end: () => {
      clearInterval(timer);
      if (tally.touched) write();
      return Promise.resolve();
    },
  };
}

/** Counts the events of the runs of one verb. */
class Tally {
  readonly #about: Surroundings;
  readonly #samples: Changes;
  #direction = 'up';
  #waitedMs: number | null = null;
  #pending = 0;
  /** A run of this process is at work; that of another is not ours to end. */
  #running = false;
  /** A run began, ended or was refused; after a dry run the file stays as it is. */
  touched = false;

  constructor(about: Surroundings) {
    this.#about = about;
    const { environment, database, version } = about;
    this.#samples = new Changes({ environment, database });
    this.#samples.forget('lockkeeper_info');
    this.#samples.set('lockkeeper_info', 1, { version });
    this.#addZeros();
  }

  /** What has changed since the last writing. */
  now(): Changes {
    this.#samples.set('lockkeeper_last_update_timestamp_seconds', this.#seconds());
    return this.#samples;
  }

  count(event: AnyEvent): void {
    switch (event.name) {
      case 'run:start':
        this.#direction = event.payload.direction;
        return this.#begin(event.payload.migrations.length);
      case 'run:success':
        return this.#end('success', event.payload.report.durationMs);
      case 'run:error': {
        const interrupted = event.payload.error.code === 'INTERRUPTED';
        return this.#end(interrupted ? 'interrupted' : 'failure', event.payload.report.durationMs);
      }
      case 'run:refused':
        return this.#refuse();
      case 'migration:apply:success':
        return this.#migrated(event.payload.report.durationMs / 1000);
      case 'migration:apply:error':
        if (event.payload.error.code === 'INTERRUPTED') return;
        return this.#samples.add('lockkeeper_migrations_failed_total', 1);
      case 'step:retry':
        return this.#samples.add('lockkeeper_step_retries_total', 1);
      case 'warning':
        return this.#samples.add('lockkeeper_warnings_total', 1);
      case 'lock:wait':
        this.#waitedMs = event.payload.waitedMs;
        return;
      case 'lock:acquired':
        return this.#addWait(event.payload.waitedMs);
      default:
    }
  }

  /** A counter that appears with its first event has no increase() then; so all of them begin with 0. */
  #addZeros(): void {
    const plain = [
      'lockkeeper_migrations_applied_total',
      'lockkeeper_migrations_undone_total',
      'lockkeeper_migrations_failed_total',
      'lockkeeper_step_retries_total',
      'lockkeeper_lock_waits_total',
      'lockkeeper_lock_wait_seconds_total',
      'lockkeeper_warnings_total',
    ] as const;
    for (const name of plain) this.#samples.add(name, 0);
    for (const outcome of ['success', 'failure', 'interrupted', 'refused']) this.#addRun(outcome, 0);
  }

  #begin(migrations: number): void {
    this.touched = true;
    this.#running = true;
    this.#pending = migrations;
    this.#samples.set('lockkeeper_run_in_progress', 1);
    this.#samples.set('lockkeeper_run_start_timestamp_seconds', this.#seconds());
    this.#samples.set('lockkeeper_migrations_pending', migrations);
  }

  #migrated(seconds: number): void {
    const up = this.#direction === 'up';
    this.#samples.add(up ? 'lockkeeper_migrations_applied_total' : 'lockkeeper_migrations_undone_total', 1);
    this.#pending--;
    this.#samples.set('lockkeeper_migrations_pending', this.#pending);
    const name = 'lockkeeper_migration_duration_seconds';
    for (const limit of [...durationBuckets, Number.POSITIVE_INFINITY]) {
      const le = limit === Number.POSITIVE_INFINITY ? '+Inf' : String(limit);
      this.#samples.add(name, seconds <= limit ? 1 : 0, { le }, '_bucket');
    }
    this.#samples.add(name, seconds, {}, '_sum');
    this.#samples.add(name, 1, {}, '_count');
  }

  /** Before a run began, the figures of the last one stay; behind it, something broke that has no report. */
  #refuse(): void {
    if (this.#running) return this.#end('failure', null);
    this.touched = true;
    if (this.#waitedMs !== null) this.#addWait(this.#waitedMs);
    this.#addRun('refused', 1);
  }

  #end(outcome: string, durationMs: number | null): void {
    this.touched = true;
    this.#running = false;
    if (this.#waitedMs !== null) this.#addWait(this.#waitedMs);
    this.#addRun(outcome, 1);
    this.#samples.set('lockkeeper_run_in_progress', 0);
    this.#samples.set('lockkeeper_last_run_success', outcome === 'success' ? 1 : 0);
    this.#samples.set('lockkeeper_last_run_timestamp_seconds', this.#seconds());
    if (durationMs !== null) this.#samples.set('lockkeeper_last_run_duration_seconds', durationMs / 1000);
    if (outcome === 'success')
      this.#samples.set('lockkeeper_last_success_timestamp_seconds', this.#seconds());
  }

  #addRun(outcome: string, times: number): void {
    this.#samples.add('lockkeeper_runs_total', times, { verb: this.#about.verb, outcome });
  }

  /** Only a run that was told to wait has waited: everybody takes a moment to get a free lock. */
  #addWait(totalMs: number): void {
    if (this.#waitedMs === null) return;
    this.#waitedMs = null;
    this.#samples.add('lockkeeper_lock_waits_total', 1);
    this.#samples.add('lockkeeper_lock_wait_seconds_total', totalMs / 1000);
  }

  #seconds(): number {
    return this.#about.now() / 1000;
  }
}

/** Nothing there, or nothing of ours to be read, is where counting begins. */
function readSeries(file: string): Series {
  try {
    return parseSeries(readFileSync(file, 'utf8'));
  } catch {
    return new Map(); // the first run; a folder that is missing is told of when it is written
  }
}

/** A reader sees the old file or the new one. The name while it is being written is none that node_exporter reads. */
function writeAtomically(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { mode: 0o644 });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

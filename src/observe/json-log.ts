import { closeSync, openSync, writeSync } from 'node:fs';
import type { ErrorJson } from '../core/errors.js';
import { redact } from '../core/redact.js';
import type { RunReport } from '../core/report.js';
import { sentenceOf } from './sentence.js';
import { type AnyEvent, eventFrom, type Observer, type Surroundings } from './observer.js';
import type { LogOptions } from './options.js';

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** How many single mistakes of one error a line holds; the report of the run has all of them. */
const mostProblems = 20;

/**
 * One JSON object a line, for every event. Each line is written at once, so that a run that is killed has told all
 * that happened before.
 */
export function createJsonLog(options: LogOptions, about: Surroundings): Observer {
  const output = openOutput(options, about);
  let runId: string | null = null;
  const hear: Observer['hear'] = (name, payload) => {
    const event = eventFrom(name, payload);
    if (event.name === 'run:start') ({ runId } = event.payload);
    output.write(`${JSON.stringify(redact(lineOf(event, runId, about)))}\n`);
  };
  return { hear, end: () => Promise.resolve(output.close()) };
}

/** The fields of one line; those before `message` are in every line. */
export function lineOf(event: AnyEvent, runId: string | null, about: Surroundings): Record<string, unknown> {
  return {
    time: new Date(about.now()).toISOString(),
    level: levelOf(event),
    event: event.name,
    runId,
    verb: about.verb,
    environment: about.environment,
    database: about.database,
    host: about.host,
    pid: process.pid,
    lockkeeper: about.version,
    message: sentenceOf(event),
    ...fieldsOf(event),
  };
}

function levelOf(event: AnyEvent): Level {
  switch (event.name) {
    case 'run:error':
    case 'run:refused':
    case 'migration:apply:error':
      return 'error';
    case 'warning':
    case 'step:retry':
    case 'lock:wait':
    case 'lock:blocked':
    case 'lock:blocker-cancelled':
    case 'recovery:decision':
    case 'run:stopping':
      return 'warn';
    case 'notice':
      return event.payload.severity === 'WARNING' ? 'warn' : 'info';
    case 'step:start':
    case 'step:success':
    case 'progress':
      return 'debug';
    default:
      return 'info';
  }
}

/** What an event says, under names that no other field of a line has. */
function fieldsOf(event: AnyEvent): Record<string, unknown> {
  const { payload } = event;
  switch (event.name) {
    case 'run:start':
      return { direction: event.payload.direction, migrations: event.payload.migrations.length };
    case 'run:success':
      return runFields(event.payload.report);
    case 'run:error':
      return { ...runFields(event.payload.report), error: errorFields(event.payload.error) };
    case 'run:refused':
      return { error: errorFields(event.payload.error) };
    case 'server:start':
      return { serverPid: event.payload.pid, port: event.payload.port };
    case 'warning':
      return {
        code: event.payload.code,
        ...(event.payload.hint === undefined ? {} : { hint: event.payload.hint }),
      };
    default:
      return migrationFields(payload as Record<string, unknown>);
  }
}

/** The run's id is in every line, and a message became the sentence. */
function migrationFields(payload: Record<string, unknown>): Record<string, unknown> {
  const { runId: _run, message: _message, error, report, ...rest } = payload;
  return {
    ...rest,
    ...(report === undefined ? {} : stepFields(report as Record<string, unknown>)),
    ...(error === undefined ? {} : { error: errorFields(error as ErrorJson) }),
  };
}

/** Of a report of one step or one migration: its figures. */
function stepFields({ steps, version: _version, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return { ...rest, ...(Array.isArray(steps) ? { steps: steps.length } : {}) };
}

function runFields(report: RunReport): Record<string, unknown> {
  return {
    direction: report.direction,
    batch: report.batch,
    applied: report.applied.length,
    failed: report.failed?.version ?? null,
    notRun: report.notRun.length,
    warnings: report.warnings.length,
    durationMs: report.durationMs,
  };
}

function errorFields(error: ErrorJson): ErrorJson & { readonly problemCount?: number } {
  const { problems } = error;
  if (problems === undefined || problems.length <= mostProblems) return error;
  return { ...error, problems: problems.slice(0, mostProblems), problemCount: problems.length };
}

interface LogOutput {
  readonly write: (line: string) => void;
  readonly close: () => void;
}

function openOutput({ file }: LogOptions, about: Surroundings): LogOutput {
  if (file === null) return { write: (line) => about.writeLog?.(line), close: () => undefined };
  let fd: number | null = null;
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      // No log is a pity, and no reason to leave a database half way.
      const lost = fd;
      fd = null;
      if (lost !== null) closeSync(lost);
      about.warn({
        code: 'log-not-written',
        message: `The log ${file} cannot be written: ${(error as Error).message}.`,
        hint: 'Give the user that runs Lockkeeper the right to write there, or set log.file to another path.',
      });
    }
  };
  attempt(() => (fd = openSync(file, 'a')));
  return {
    write: (line) => {
      const open = fd;
      if (open !== null) attempt(() => void writeSync(open, line));
    },
    close: () => {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

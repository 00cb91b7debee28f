import { randomUUID } from 'node:crypto';
import type { ErrorJson } from '../core/errors.js';
import { formatDuration } from '../core/duration.js';
import { redact } from '../core/redact.js';
import type { RunReport } from '../core/report.js';
import { deliver, type Message } from './deliver.js';
import { type AnyEvent, eventFrom, type Observer, type Surroundings } from './observer.js';
import type { WebhookMoment, WebhookOptions } from './options.js';
import { sentenceOf } from './sentence.js';

/** What the body of a message says; `docs/operations.md` shows one of each. */
interface Body {
  /** `run.start`, `run.success`, `run.failure` or `migration.slow`. */
  readonly type: string;
  /** The same for every attempt to deliver this message. */
  readonly id: string;
  /** ISO 8601; when it happened. */
  readonly time: string;
  /** The sentence for people. */
  readonly text: string;
  readonly runId: string | null;
  readonly verb: string;
  readonly environment: string;
  readonly database: string;
  readonly host: string;
  readonly lockkeeper: string;
  readonly [more: string]: unknown;
}

/** Tells one receiver of what happens to runs. Nothing here makes a run wait; the end of the verb waits, for a while. */
export function createWebhook(options: WebhookOptions, about: Surroundings): Observer {
  const giveUp = new AbortController();
  const sending = new Set<Promise<void>>();
  let before = Promise.resolve();
  const send = (moment: WebhookMoment, type: string, more: Readonly<Record<string, unknown>>): void => {
    if (!options.on.includes(moment)) return;
    const message = messageOf(options, type, bodyOf(about, type, more));
    // A message waits for the first attempt of the one before it, so that they arrive in order, and not for its
    // retries, so that a receiver that was away still hears of a failure at once.
    const delivery = deliver(message, { options, after: before, signal: giveUp.signal });
    before = delivery.attempted;
    const settled = delivery.settled.then((fault) => {
      if (fault !== null) about.warn(undelivered(options, type, fault));
      sending.delete(settled);
    });
    sending.add(settled);
  };
  const moments = new Moments(options, about, send);
  return {
    hear: (name, payload) => moments.hear(eventFrom(name, payload)),
    end: async () => {
      moments.end();
      const timer = setTimeout(() => giveUp.abort(), options.flushMs);
      await Promise.all(sending);
      clearTimeout(timer);
    },
  };
}

type Send = (moment: WebhookMoment, type: string, more: Readonly<Record<string, unknown>>) => void;

/** Which events are worth a message. */
class Moments {
  readonly #options: WebhookOptions;
  readonly #now: () => number;
  readonly #send: Send;
  #runId: string | null = null;
  /** Runs that have nothing to do are not told of: most deployments have none. */
  #told = false;
  #slow: NodeJS.Timeout | undefined;

  constructor(options: WebhookOptions, about: Surroundings, send: Send) {
    this.#options = options;
    this.#now = about.now;
    this.#send = send;
  }

  hear(event: AnyEvent): void {
    const text = sentenceOf(event);
    switch (event.name) {
      case 'run:start': {
        const { runId, direction, migrations } = event.payload;
        this.#runId = runId;
        this.#told = migrations.length > 0;
        if (this.#told) this.#send('start', 'run.start', { text, runId, direction, migrations });
        return;
      }
      case 'run:success':
        if (this.#told) this.#send('success', 'run.success', { text, ...reportFields(event.payload.report) });
        return;
      case 'run:error': {
        const { report, error } = event.payload;
        return this.#send('failure', 'run.failure', {
          text,
          ...reportFields(report),
          error: errorFields(error),
        });
      }
      case 'run:refused':
        return this.#hearRefusal(text, event.payload.error);
      case 'migration:apply:start':
        return this.#watch(event.payload);
      case 'migration:apply:success':
      case 'migration:apply:error':
        clearTimeout(this.#slow);
        return;
      default:
    }
  }

  end(): void {
    clearTimeout(this.#slow);
  }

  /** Somebody who said no, or pressed Ctrl-C, knows of it. */
  #hearRefusal(text: string, error: ErrorJson): void {
    if (error.code === 'CONFIRMATION_MISSING' || error.code === 'INTERRUPTED') return;
    this.#send('failure', 'run.failure', { text, runId: null, error: errorFields(error) });
  }

  /** Told while it runs, because that is when somebody can still look. */
  #watch({ version, name }: { readonly version: string; readonly name: string }): void {
    const { slowAfterMs, on } = this.#options;
    if (!on.includes('slow')) return;
    const startedAt = new Date(this.#now()).toISOString();
    const text = `Migration ${version} ${name} is running for more than ${formatDuration(slowAfterMs)}.`;
    const migration = { version, name, startedAt };
    this.#slow = setTimeout(
      () => this.#send('slow', 'migration.slow', { text, runId: this.#runId, migration, slowAfterMs }),
      slowAfterMs,
    ).unref();
  }
}

function reportFields(report: RunReport): Readonly<Record<string, unknown>> {
  const { runId, direction, applied, failed, notRun, durationMs } = report;
  return {
    runId,
    direction,
    applied: applied.map(({ version, name, durationMs: ms }) => ({ version, name, durationMs: ms })),
    failed: failed === null ? null : { version: failed.version, name: failed.name },
    notRun,
    durationMs,
  };
}

/** What went wrong and where, without the statement and its data: a message may go to another company. */
function errorFields({
  code,
  message,
  hint,
  location,
  details,
}: ErrorJson): Readonly<Record<string, unknown>> {
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { file: location.file, line: location.line }),
    ...(details?.['sqlstate'] === undefined ? {} : { sqlstate: details['sqlstate'] }),
  };
}

function bodyOf(about: Surroundings, type: string, more: Readonly<Record<string, unknown>>): Body {
  const { verb, environment, database, host, version } = about;
  return redact({
    type,
    id: randomUUID(),
    time: new Date(about.now()).toISOString(),
    text: '',
    runId: null,
    verb,
    environment,
    database,
    host,
    lockkeeper: version,
    ...more,
  });
}

function messageOf({ format }: WebhookOptions, type: string, body: Body): Message {
  const { id, text, environment, database } = body;
  const shown = format === 'json' ? body : { text: `[${environment}] ${text} (${database})` };
  return { id, type, body: JSON.stringify(shown) };
}

function undelivered(
  { url }: WebhookOptions,
  type: string,
  why: string,
): { code: string; message: string; hint: string } {
  return {
    code: 'webhook-undelivered',
    message: `The webhook at ${new URL(url).origin} could not be told of ${type}: ${why}.`,
    hint: 'The run itself is not touched by it. Check the address and the receiver.',
  };
}

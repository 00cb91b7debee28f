import type { Events } from '../core/events.js';
import type { Observer, Surroundings } from './observer.js';
import type { ObserveOptions } from './options.js';

export type { Surroundings } from './observer.js';

/** Listeners at work; `end` finishes what they have to write or send, within bounds, and takes them away. */
export interface Observation {
  readonly end: () => Promise<void>;
}

/** Attaches every listener that the options ask for, and loads no other. */
export async function observe(
  events: Events,
  options: ObserveOptions,
  about: Surroundings,
): Promise<Observation> {
  const log = await createLog(options, about);
  const others = await createOthers(options, about);
  const removers = [...log, ...others].map((observer) => events.onEvery(observer.hear));
  return {
    end: async () => {
      // The log goes last: a webhook that could not be delivered is a warning, and belongs into it.
      await Promise.all(others.map((observer) => observer.end()));
      await Promise.all(log.map((observer) => observer.end()));
      for (const remove of removers) remove();
    },
  };
}

async function createLog({ log }: ObserveOptions, about: Surroundings): Promise<readonly Observer[]> {
  if (log === null) return [];
  const { createJsonLog } = await import('./json-log.js');
  return [createJsonLog(log, about)];
}

async function createOthers(options: ObserveOptions, about: Surroundings): Promise<readonly Observer[]> {
  const { metrics, webhooks, openTelemetry } = options;
  const observers: Observer[] = [];
  if (metrics !== null) observers.push((await import('./metrics.js')).createMetrics(metrics, about));
  if (webhooks.length > 0) {
    const { createWebhook } = await import('./webhook.js');
    observers.push(...webhooks.map((webhook) => createWebhook(webhook, about)));
  }
  if (openTelemetry !== false) {
    const { createTelemetry } = await import('./telemetry.js');
    const telemetry = createTelemetry(about, openTelemetry);
    if (telemetry !== null) observers.push(telemetry);
  }
  return observers;
}

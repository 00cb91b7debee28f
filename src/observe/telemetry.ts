import { createRequire } from 'node:module';
import { join } from 'node:path';
import { eventFrom, type Observer, type Surroundings } from './observer.js';
import { RunSpans } from './telemetry-spans.js';
import type { Telemetry } from './telemetry-api.js';

const flushMs = 5000;

/**
 * Spans and metrics through the copy of `@opentelemetry/api` that the user's project has installed; whoever registered
 * an SDK in this process receives them. Null where there is none, which is worth a word only where it was asked for.
 */
export function createTelemetry(about: Surroundings, wanted: true | 'auto'): Observer | null {
  const api = loadApi(about.root);
  if (api === null) {
    if (wanted === true) {
      about.warn({
        code: 'telemetry-missing',
        message: `openTelemetry is on, and ${about.root} has no package @opentelemetry/api.`,
        hint: 'Install it beside the SDK that sends the spans: npm install @opentelemetry/api; or set openTelemetry: false.',
      });
    }
    return null;
  }
  const spans = new RunSpans(api, about);
  return {
    hear: (name, payload) => spans.hear(eventFrom(name, payload)),
    end: async () => {
      spans.end();
      await flush(api);
    },
  };
}

/** The API keeps what is registered in one place of the process, so any copy of it finds the SDK. */
function loadApi(root: string): Telemetry | null {
  try {
    return createRequire(join(root, 'package.json'))('@opentelemetry/api') as Telemetry;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

/** The program may end a moment later, and an SDK sends in batches; it is asked to send now, within a bound. */
async function flush({ trace, metrics }: Telemetry): Promise<void> {
  const providers = [trace.getTracerProvider(), metrics.getMeterProvider()];
  const flushing = providers.map(async (provider) => {
    const real = provider.getDelegate?.() ?? provider;
    await real.forceFlush?.();
  });
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, flushMs);
  });
  // A receiver that is away is the SDK's to tell, in its own way.
  await Promise.race([Promise.allSettled(flushing), bound]);
  clearTimeout(timer);
}

import { createHmac } from 'node:crypto';
import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { request as secureRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageVersion } from '../core/version.js';
import type { WebhookOptions } from './options.js';

/** Something to be delivered; its text does not change from attempt to attempt. */
export interface Message {
  readonly id: string;
  readonly type: string;
  readonly body: string;
}

export interface Delivery {
  /** Resolves behind the first attempt, whatever came of it. */
  readonly attempted: Promise<void>;
  /** Resolves with null when it was delivered, and with the reason when it was not. Never rejects. */
  readonly settled: Promise<string | null>;
}

const mostAttempts = 5;
const firstPauseMs = 500;
const longestPauseMs = 30_000;

/** What came of one attempt. */
interface Outcome {
  readonly fault: string | null;
  /** Another attempt may meet something else. */
  readonly again: boolean;
  /** What the receiver asked for by Retry-After; null for nothing. */
  readonly pauseMs: number | null;
}

/** Sends a message until it is accepted, at most five times, with growing pauses in between. */
export function deliver(
  message: Message,
  how: { readonly options: WebhookOptions; readonly after: Promise<void>; readonly signal: AbortSignal },
): Delivery {
  const first = how.after.then(() => attempt(message, how.options, how.signal));
  return { attempted: first.then(() => undefined), settled: retry(first, message, how) };
}

async function retry(
  first: Promise<Outcome>,
  message: Message,
  { options, signal }: { readonly options: WebhookOptions; readonly signal: AbortSignal },
): Promise<string | null> {
  let outcome = await first;
  for (let attempts = 1; outcome.fault !== null; attempts++) {
    const tried = attempts === 1 ? '' : ` (${attempts} attempts)`;
    if (!outcome.again || attempts === mostAttempts) return `${outcome.fault}${tried}`;
    const rested = await rest(outcome.pauseMs ?? pauseMs(attempts), signal);
    if (!rested) return `${outcome.fault}${tried}, and the run was over`;
    outcome = await attempt(message, options, signal);
  }
  return null;
}

/** Doubles, with jitter on its second half, so that many runs do not come back together. */
function pauseMs(attempts: number): number {
  const ceiling = firstPauseMs * 2 ** (attempts - 1);
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

async function rest(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false; // given up: the caller tells
  }
}

/** One request. Redirects are not followed: what is signed for one address is not handed to another. */
async function attempt(message: Message, options: WebhookOptions, signal: AbortSignal): Promise<Outcome> {
  try {
    if (signal.aborted) return { fault: 'there was no time left', again: false, pauseMs: null };
    return outcomeOf(await post(message, options, signal));
  } catch (error) {
    return failed(error as NodeJS.ErrnoException, options, signal);
  }
}

function post(message: Message, options: WebhookOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const url = new URL(options.url);
  const request = url.protocol === 'https:' ? secureRequest : plainRequest;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);
  const settings: RequestOptions & { readonly ca?: string } = {
    method: 'POST',
    headers: headersOf(message, options.secret),
    signal: limit,
    // A connection of its own: what is kept alive would keep the program alive.
    agent: false,
    ...(options.ca === null ? {} : { ca: options.ca }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, settings, (response) => {
      // The status says it all; a body that never ends must not be waited for.
      resolve(response);
      response.on('error', () => undefined).destroy();
    });
    sent.on('error', reject).end(message.body);
  });
}

/** The names and the form of the signature are part of the contract: docs/operations.md. */
function headersOf({ id, type, body }: Message, secret: string | null): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signed = (key: string): string =>
    createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex');
  return {
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': `lockkeeper/${packageVersion()}`,
    'lockkeeper-event': type,
    'lockkeeper-delivery': id,
    'lockkeeper-timestamp': timestamp,
    ...(secret === null ? {} : { 'lockkeeper-signature': `sha256=${signed(secret)}` }),
  };
}

function outcomeOf(response: IncomingMessage): Outcome {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return { fault: null, again: false, pauseMs: null };
  if (status >= 300 && status < 400)
    return {
      fault: `it answers with a redirect (${status}), and none is followed`,
      again: false,
      pauseMs: null,
    };
  // Request timeout, too early, too many requests (RFC 9110, 8470, 6585), and the receiver's own trouble.
  const again = [408, 425, 429].includes(status) || status >= 500;
  return { fault: `it answers ${status}`, again, pauseMs: retryAfterMs(response) };
}

function retryAfterMs({ headers }: IncomingMessage): number | null {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, longestPauseMs) : null;
}

/** Codes of Node's TLS for a certificate that will be the same the next time. */
const certificateFault = /CERT|ALTNAME|ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY/;

function failed(error: NodeJS.ErrnoException, options: WebhookOptions, signal: AbortSignal): Outcome {
  if (signal.aborted) return { fault: 'there was no time left', again: false, pauseMs: null };
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return { fault: `no answer within ${options.timeoutMs} ms`, again: true, pauseMs: null };
  const code = error.code ?? '';
  if (certificateFault.test(code))
    return { fault: `its certificate is not accepted (${code})`, again: false, pauseMs: null };
  return { fault: code === '' ? error.message : code, again: true, pauseMs: null };
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDuration } from '../core/duration.js';
import { registerSecret } from '../core/redact.js';
import { joinWords } from '../core/text.js';
import type { WebhookMoment, WebhookOptions } from '../observe/options.js';
import type { FoldersRequest } from './folder.js';
import { problem } from './problems.js';
import type { Duration, WebhookConfig } from './public.js';
import { configured } from './settings.js';

const everyMoment: readonly WebhookMoment[] = ['start', 'success', 'failure', 'slow'];
const defaultMs = { slowAfter: 300_000, timeout: 5000, flush: 10_000 };

const ms = (duration: Duration | undefined, byDefault: number): number =>
  duration === undefined ? byDefault : (parseDuration(duration) ?? byDefault);

/** Whoever is to be told of runs; a webhook without a url is switched off. */
export function resolveWebhooks(request: FoldersRequest): readonly WebhookOptions[] {
  const variable = request.variables.get('LOCKKEEPER_WEBHOOK_URL');
  const chosen = request.explanation.choose<readonly WebhookConfig[]>('webhooks', [
    variable === null
      ? null
      : { value: [{ url: variable.value }], text: shownUrl(variable.value), origin: variable.origin },
    ...configured(
      request,
      (settings) => settings.webhooks,
      (webhooks) => webhooks.map(shownWebhook).join('; ') || 'none',
    ),
  ]);
  return (chosen?.value ?? []).flatMap((webhook, index) => {
    const { url } = webhook;
    if (url === undefined || url === '') return [];
    const key = variable === null ? `webhooks[${index}]` : 'LOCKKEEPER_WEBHOOK_URL';
    return [resolveWebhook(request, { ...webhook, url }, key)];
  });
}

function resolveWebhook(
  request: FoldersRequest,
  webhook: WebhookConfig & { readonly url: string },
  key: string,
): WebhookOptions {
  const secret = secretOf(request, webhook, key);
  registerSecret(secret);
  const trouble = troubleWith(webhook.url);
  if (trouble !== null) {
    const hint =
      'Give an address that begins with https://; http:// is for this machine (localhost, 127.0.0.1, [::1]).';
    request.problems.push(
      problem({ message: `The url of ${key} ${trouble}.`, hint, details: { key: `${key}.url` } }),
    );
  } else registerSecret(longestPart(webhook.url));
  return {
    url: webhook.url,
    secret,
    on: webhook.on ?? everyMoment,
    slowAfterMs: ms(webhook.slowAfter, defaultMs.slowAfter),
    format: webhook.format ?? 'json',
    timeoutMs: ms(webhook.timeout, defaultMs.timeout),
    flushMs: ms(webhook.flush, defaultMs.flush),
    ca: authorityOf(request, webhook.ca, key),
  };
}

/** `secret: process.env.X` without that variable must not send messages that nobody can tell from forged ones. */
function secretOf(request: FoldersRequest, webhook: WebhookConfig, key: string): string | null {
  const said = webhook.secret ?? '';
  if (said !== '') return said;
  const variable = request.variables.get('LOCKKEEPER_WEBHOOK_SECRET');
  if (variable !== null) return variable.value;
  if (!Object.hasOwn(webhook, 'secret')) return null;
  const message = `The secret of ${key} is empty, so that its messages would go unsigned.`;
  const hint =
    'Set the variable that it comes from, or LOCKKEEPER_WEBHOOK_SECRET; or leave the key out to send without a signature.';
  request.problems.push(problem({ message, hint, details: { key: `${key}.secret` } }));
  return null;
}

/** What is wrong with a url; said without the url, whose path is often its password. */
function troubleWith(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return 'is no url';
  if (url.protocol === 'https:') return null;
  if (url.protocol !== 'http:') return `begins with ${url.protocol}, which is no way to send a message`;
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return isHere ? null : `is plain http to ${url.hostname}, where anybody in between can read and change it`;
}

/** Slack and others put the key of a channel into the path. */
function longestPart(text: string): string | null {
  const { pathname, search } = new URL(text);
  const [longest] = `${pathname}${search}`.split(/[/?&=]/).toSorted((a, b) => b.length - a.length);
  return longest === undefined || longest.length < 16 ? null : longest;
}

function authorityOf(request: FoldersRequest, ca: string | undefined, key: string): string | null {
  if (ca === undefined || ca.includes('-----BEGIN')) return ca ?? null;
  try {
    return readFileSync(resolve(request.root, ca), 'utf8');
  } catch (cause) {
    const message = `The certificate authority of ${key} cannot be read: ${(cause as Error).message}.`;
    const hint =
      'Give the path of a readable PEM file, relative to the project folder, or the PEM text itself.';
    request.problems.push(problem({ message, hint, details: { key: `${key}.ca` }, cause }));
    return null;
  }
}

const shownUrl = (url: string): string => (URL.canParse(url) ? `${new URL(url).origin}/…` : 'no url');

function shownWebhook({ url, secret, on }: WebhookConfig): string {
  if (url === undefined || url === '') return 'off (no url)';
  const signed = secret === undefined || secret === '' ? '' : ', signed';
  return `${shownUrl(url)} on ${joinWords(on ?? everyMoment)}${signed}`;
}

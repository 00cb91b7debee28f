import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import type { Surroundings } from '../../src/observe/index.js';
import type { Warning } from '../../src/core/report.js';

/** One message as it arrived. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

/** A real HTTP server that remembers what it was sent. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
}

/** What to answer: a status, headers, and how long to think before; the number of the request counts from 1. */
export type Answer = (request: number) => {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly afterMs?: number;
};

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

export async function startReceiver(
  answer: Answer = () => ({ status: 204 }),
  certificate: { readonly key: string; readonly cert: string } | null = null,
): Promise<Receiver> {
  const received: Received[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const body = Buffer.concat(chunks).toString();
        received.push({
          headers: request.headers,
          body,
          json: JSON.parse(body) as Record<string, unknown>,
        });
        const { status, headers = {}, afterMs = 0 } = answer(received.length);
        setTimeout(() => response.writeHead(status, headers).end(), afterMs).unref();
      });
  };
  const server = certificate === null ? createServer(listener) : createSecureServer(certificate, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const scheme = certificate === null ? 'http' : 'https';
  return { url: `${scheme}://localhost:${port}/hook`, received };
}

/** What listeners know of a run, and the warnings that they give. */
export function surroundings(
  more: Partial<Surroundings> = {},
): Surroundings & { readonly warnings: Warning[] } {
  const warnings: Warning[] = [];
  return {
    verb: 'up',
    environment: 'test',
    database: 'db.example.com:5432/shop',
    host: 'runner-7',
    version: '1.2.3',
    root: '/nowhere',
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    writeLog: null,
    warn: (warning) => void warnings.push(warning),
    warnings,
    ...more,
  };
}

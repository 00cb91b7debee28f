import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Which way bytes went through the proxy. */
export type Flow = 'toServer' | 'toClient';

/** What a piece of the traffic meets: it passes, it vanishes without a word, or the line is cut before it passes. */
export type Verdict = 'pass' | 'drop' | 'cut';

export interface ProxyOptions {
  /** Looks at every piece before it goes on; `count` counts those of its direction from 1, over all connections. */
  readonly watch?: (flow: Flow, bytes: Buffer, count: number) => Verdict;
}

/** A line between a program and a server that can be cut. */
export interface Proxy {
  /** The given URL, by way of the proxy. */
  url(url: string): string;
  /** Ends every connection on both sides, as a broken network device with a conscience would. */
  cut(): void;
  /** Ends the client's side only; the server is told nothing until `release`. */
  cutClients(): void;
  /** Ends what `cutClients` left open on the server's side. */
  release(): void;
  close(): Promise<void>;
}

/** Starts a TCP proxy in front of the server of a URL. */
export async function startProxy(target: string, options: ProxyOptions = {}): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<{ client: Socket; server: Socket }>();
  const counts = { toServer: 0, toClient: 0 };
  const listener = createServer((client) => {
    const server = connect(Number(port), hostname);
    const pair = { client, server };
    pairs.add(pair);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    const pass = (flow: Flow, to: Socket) => (bytes: Buffer) => {
      counts[flow] += 1;
      const verdict = options.watch?.(flow, bytes, counts[flow]) ?? 'pass';
      if (verdict === 'cut') end();
      else if (verdict === 'pass' && !to.destroyed) to.write(bytes);
    };
    client.on('data', pass('toServer', server));
    server.on('data', pass('toClient', client));
    server.on('close', () => {
      pairs.delete(pair);
      client.destroy();
    });
    client.on('end', () => server.end());
    for (const socket of [client, server]) socket.on('error', () => undefined);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  const release = (): void => {
    for (const { server } of pairs) server.destroy();
  };
  const cutClients = (): void => {
    for (const { client } of pairs) client.destroy();
  };
  return {
    url: (text) => {
      const url = new URL(text);
      url.hostname = '127.0.0.1';
      url.port = String(address.port);
      return url.href;
    },
    cutClients,
    release,
    cut: () => {
      cutClients();
      release();
    },
    close: async () => {
      cutClients();
      release();
      listener.close();
      await once(listener, 'close');
    },
  };
}

import { createServer } from 'node:net';
import { serverHost } from './client.js';

/** A port that is free now: the preferred one where it is, else one that the system picks. */
export async function freePort(preferred: number | null): Promise<number> {
  if (preferred !== null && (await listen(preferred)) !== null) return preferred;
  const port = await listen(0);
  if (port === null) throw new Error(`No port can be opened on ${serverHost}.`);
  return port;
}

/** Opens a port for a moment; null where it is taken. */
async function listen(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ host: serverHost, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : null));
    });
  });
}

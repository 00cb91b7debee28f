import { createServer } from 'node:net';
import { LockkeeperError } from '../../core/errors.js';
import { serverHost } from './client.js';

/** A port that is free now: the preferred one where it is, else one that the system picks. */
export async function freePort(preferred: number | null): Promise<number> {
  if (preferred !== null && (await listen(preferred)) !== null) return preferred;
  const port = await listen(0);
  if (port !== null) return port;
  throw new LockkeeperError('EMBEDDED_START_FAILED', {
    message: `No port can be opened on ${serverHost}, so no server can listen there.`,
    hint: 'Allow programs to listen on the loopback address, or give a database url.',
  });
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

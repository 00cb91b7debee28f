import { supervise } from './supervise.js';
import { watchVariable, type Watch } from './watch.js';

// The entry of the small process that stays with a server started on demand. See `spawnSupervisor`.
await supervise(JSON.parse(process.env[watchVariable] ?? '') as Watch);

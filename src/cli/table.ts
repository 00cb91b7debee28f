import type { Command } from './command.js';
import { everyday } from './table/everyday.js';
import { inspect } from './table/inspect.js';
import { server } from './table/server.js';
import { setUp } from './table/set-up.js';
import { shell } from './table/shell.js';

/** Every verb, in the order of the help. */
export const commands: readonly Command[] = [...everyday, ...inspect, ...setUp, ...server, ...shell];

import { hostname, userInfo } from 'node:os';
import { packageVersion } from '../core/version.js';
import type { Opened } from './session.js';

/** Who ran it, where, with what: kept with every journal row. */
export function executionContext(opened: Opened): string {
  return JSON.stringify({
    host: hostname(),
    pid: process.pid,
    // The server's process, by which `lock status` knows the run that holds the lock.
    backend: opened.session.info.pid,
    user: userName(),
    lockkeeper: packageVersion(),
    node: process.versions.node,
    server: opened.session.info.versionText,
  });
}

/** userInfo() throws for a uid without an entry in the password file, as in many containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`; // the number says as much
  }
}

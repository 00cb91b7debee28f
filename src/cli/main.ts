#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isatty } from 'node:tty';
import type { Host } from './host.js';
import { runProgram } from './program.js';

/** How long a finished program may be kept alive by something that forgot to end. */
const patienceMs = 1000;

const host: Host = {
  argv: process.argv.slice(2),
  program: programName(process.argv[1]),
  env: process.env,
  platform: process.platform,
  stdinIsTTY: isatty(0),
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  version: readVersion,
  onSignal: (signal, listener) => {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
  exit: (code) => process.exit(code),
  createLockkeeper: async (options) => {
    const { createLockkeeper } = await import('../app/create-lockkeeper.js');
    return createLockkeeper(options);
  },
};

// `lockkeeper status | head` and a closed terminal end the reader, not the work: what can no longer be read is dropped.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}
process.exitCode = await runProgram(host);
leaveWhenQuiet();

/** The process ends by itself when all is done and written; this only ends one that something keeps alive. */
function leaveWhenQuiet(): void {
  const timer = setTimeout(() => {
    if (process.stdout.writableLength + process.stderr.writableLength > 0) leaveWhenQuiet();
    else process.exit();
  }, patienceMs);
  timer.unref();
}

/** `lk` and `lockkeeper` are one program, and its help shows the name that was typed. */
function programName(path: string | undefined): string {
  return path !== undefined && basename(path) === 'lk' ? 'lk' : 'lockkeeper';
}

/** The package file lies two folders up, in the source as in the built program. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

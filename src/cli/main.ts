#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Host } from './host.js';
import { keepStdoutClean, ownStdout } from './keep-stdout-clean.js';
import { standardOutput } from './output.js';
import { runProgram } from './program.js';

// The build makes this file and what it imports one CommonJS file, because Node starts that faster than a module:
// nothing here may wait at the top level.

/** How long a finished program may be kept alive by something that forgot to end. */
const patienceMs = 1000;

const stdout = standardOutput(1, ownStdout);
const stderr = standardOutput(2, () => process.stderr);

const host: Host = {
  argv: process.argv.slice(2),
  program: programName(process.argv[1]),
  env: process.env,
  platform: process.platform,
  stdin: () => process.stdin,
  stdout,
  stderr,
  keepStdoutClean,
  version: readVersion,
  onSignal: (signal, listener) => {
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  },
  exit: (code) => process.exit(code),
  createLockkeeper: async (options) => (await import('./after-start.js')).openLibrary(options),
};

void runProgram(host).then((code) => {
  process.exitCode = code;
  leaveWhenQuiet();
});

/** The process ends by itself when all is done and written; this only ends one that something keeps alive. */
function leaveWhenQuiet(): void {
  const timer = setTimeout(() => {
    if (stdout.pending() || stderr.pending()) leaveWhenQuiet();
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

import { fstatSync, writeSync } from 'node:fs';
import type { Output } from './host.js';

/** A standard stream of this process. */
export interface StandardOutput extends Output {
  /** Something was written and has not left yet. */
  readonly pending: () => boolean;
}

/**
 * A standard stream that is opened only when it has to be: Node loads all of its network code to open a pipe, which
 * takes longer than everything else that `--help` does. Pipes and files are written to directly, as Node does in the end.
 */
export function standardOutput(fd: 1 | 2, open: () => NodeJS.WriteStream): StandardOutput {
  let stream: NodeJS.WriteStream | undefined;
  let closed = false;
  let device: boolean | undefined;
  const opened = (): NodeJS.WriteStream => {
    stream ??= open().on('error', dropUnread);
    return stream;
  };
  const isDevice = (): boolean =>
    (device ??= process.platform === 'win32' || fstatSync(fd).isCharacterDevice());
  return {
    get isTTY() {
      return isDevice() && opened().isTTY;
    },
    get columns() {
      return opened().columns;
    },
    write: (text) => {
      if (closed) return;
      const direct = stream === undefined && !isDevice();
      const { rest, error } = direct ? writeAll(fd, Buffer.from(text)) : { rest: text, error: undefined };
      if (rest.length > 0 && error !== 'EPIPE') opened().write(rest);
      closed = error === 'EPIPE';
    },
    pending: () => stream !== undefined && stream.writableLength > 0,
  };
}

/** Writes until all is gone, or until the reader is not ready (EAGAIN) or not there any more (EPIPE). */
function writeAll(fd: number, text: Buffer): { readonly rest: Buffer; readonly error?: string | undefined } {
  let rest = text;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN' && code !== 'EPIPE') throw error;
      return { rest, error: code };
    }
  }
  return { rest };
}

/** `lockkeeper status | head` and a closed terminal end the reader, not the work: what can no longer be read is dropped. */
function dropUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}

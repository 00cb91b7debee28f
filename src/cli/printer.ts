import type { FlagValues } from './flag-values.js';
import type { Host, Output } from './host.js';
import { createLook, type Look } from './look.js';

/** Where text goes: the answer to stdout, the talk to stderr, each with the look that its stream can show. */
export interface Printer {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Look of stdout. */
  readonly look: Look;
  /** Look of stderr. */
  readonly talkLook: Look;
  /** Lines may be drawn again on stderr. */
  readonly live: boolean;
  /** The answer. */
  readonly answer: (text: string) => void;
  /** The answer for a program. */
  readonly document: (value: unknown) => void;
  /** Progress and remarks; nothing with --quiet. */
  readonly talk: (text: string) => void;
  /** Errors; said in any case. */
  readonly complain: (text: string) => void;
  /** Raw text on stderr, for the live line. */
  readonly draw: (text: string) => void;
  /** Says nothing more on stderr, because a program reads JSON lines there; they tell errors, too. */
  readonly silence: () => void;
}

type Environment = Host['env'];

export function createPrinter(host: Host, flags: FlagValues): Printer {
  const quiet = flags.on('quiet');
  const verbose = flags.on('verbose');
  const lookOf = (stream: Output): Look =>
    createLook({
      colour: showsColour(stream, host.env, flags.on('no-color')),
      unicode: showsUnicode(host.env, host.platform),
      // Some terminals say that they have no columns, and mean that they do not know.
      width: stream.isTTY === true ? stream.columns || 80 : Number.POSITIVE_INFINITY,
      verbose,
    });
  const line = (stream: Output) => (text: string) =>
    void stream.write(text.endsWith('\n') ? text : `${text}\n`);
  let silent = false;
  const talk = (text: string): void => {
    if (!silent) line(host.stderr)(text);
  };
  return {
    json: flags.on('json'),
    quiet,
    verbose,
    look: lookOf(host.stdout),
    // Looked at only when there is something to say, because opening a terminal takes time.
    get talkLook() {
      return lookOf(host.stderr);
    },
    get live() {
      return !quiet && host.stderr.isTTY === true && !isSet(host.env['CI']) && host.env['TERM'] !== 'dumb';
    },
    answer: line(host.stdout),
    document: (value) => line(host.stdout)(JSON.stringify(value, null, 2)),
    talk: quiet ? () => undefined : talk,
    complain: talk,
    draw: (text) => {
      if (!silent) host.stderr.write(text);
    },
    silence: () => {
      silent = true;
    },
  };
}

/** The flag says no, then NO_COLOR (no-color.org), then FORCE_COLOR decides, then the stream. */
export function showsColour(stream: Output, env: Environment, refused: boolean): boolean {
  if (refused || (env['NO_COLOR'] ?? '') !== '') return false;
  if (env['FORCE_COLOR'] !== undefined) return isSet(env['FORCE_COLOR']) || env['FORCE_COLOR'] === '';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** A locale that names another character set gets ASCII; where none is set, terminals of today know UTF-8. */
export function showsUnicode(env: Environment, platform: string): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '');
  if (locale !== undefined) return /utf-?8/i.test(locale);
  // Windows sets no locale: its newer terminal and editors say who they are, the old console does not.
  if (platform === 'win32')
    return isSet(env['WT_SESSION']) || env['TERM_PROGRAM'] !== undefined || isSet(env['CI']);
  return env['TERM'] !== 'linux';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.toLowerCase());
}

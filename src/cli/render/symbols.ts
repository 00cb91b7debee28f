/** The signs before a line. Each is one column wide in both sets, so that columns line up in either. */
export interface Symbols {
  readonly done: string;
  readonly undone: string;
  readonly failed: string;
  readonly pending: string;
  readonly warning: string;
  readonly changed: string;
  readonly missing: string;
  readonly again: string;
  readonly bar: string;
  /** Parts of a progress bar. */
  readonly full: string;
  readonly empty: string;
  readonly underline: string;
  readonly ellipsis: string;
  readonly dot: string;
  readonly spinner: readonly string[];
}

const unicode: Symbols = {
  done: '✓',
  undone: '↓',
  failed: '✗',
  pending: '○',
  warning: '!',
  changed: '≠',
  missing: '?',
  again: '↻',
  bar: '│',
  full: '█',
  empty: '░',
  underline: '^',
  ellipsis: '…',
  dot: '·',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
};

const ascii: Symbols = {
  done: '+',
  undone: '-',
  failed: 'x',
  pending: 'o',
  warning: '!',
  changed: '~',
  missing: '?',
  again: '@',
  bar: '|',
  full: '#',
  empty: '.',
  underline: '^',
  ellipsis: '...',
  dot: '-',
  spinner: ['|', '/', '-', '\\'],
};

/** ASCII signs where the locale is not UTF-8. */
export function symbolsFor(isUnicode: boolean): Symbols {
  return isUnicode ? unicode : ascii;
}

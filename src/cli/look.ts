import { stylesFor, type Style } from './render/style.js';
import { symbolsFor, type Symbols } from './render/symbols.js';

/** How text may look where it is going; all that a renderer knows about the terminal. */
export interface Look {
  readonly colour: boolean;
  readonly style: Style;
  readonly symbol: Symbols;
  /** Columns of the terminal; Infinity where the text goes to a file or a pipe, so that nothing is cut there. */
  readonly width: number;
  readonly verbose: boolean;
}

export interface LookOptions {
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly width: number;
  readonly verbose: boolean;
}

export function createLook(options: LookOptions): Look {
  return {
    colour: options.colour,
    style: stylesFor(options.colour),
    symbol: symbolsFor(options.unicode),
    width: options.width,
    verbose: options.verbose,
  };
}

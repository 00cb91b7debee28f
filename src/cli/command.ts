/** What a flag takes. `list` may be given several times. */
export type FlagType = 'boolean' | 'string' | 'number' | 'list';

/** One flag as data. A flag never has a default: defaults live in the configuration, and a flag is its topmost layer. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  /** What stands for the value in the help, e.g. `version`. */
  readonly value?: string;
  /** The only values accepted. */
  readonly choices?: readonly string[];
  /** Values worth offering in a shell; others are accepted too. */
  readonly suggestions?: readonly string[];
  readonly complete?: 'file' | 'directory';
  /** A list whose values may also be separated by commas. */
  readonly split?: boolean;
  /** Numbers below it are refused. @default 1 */
  readonly min?: number;
  readonly summary: string;
}

export interface Argument {
  readonly name: string;
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly summary: string;
}

export type GroupName = 'everyday' | 'inspect' | 'set-up' | 'server' | 'shell';

export interface Example {
  /** What stands after the program's name. */
  readonly line: string;
  readonly does: string;
}

/** One verb as data: all that help, completion and the parser need, and nothing that has to be loaded. */
export interface Command {
  readonly name: string;
  readonly group: GroupName;
  readonly summary: string;
  /** Said below the summary in the verb's own help. */
  readonly about?: string;
  readonly arguments: readonly Argument[];
  readonly flags: readonly Flag[];
  /** Groups of flags of which only one may be given. */
  readonly exclusive?: readonly (readonly string[])[];
  /** Destroys or changes what is there: `--yes` and `--confirm` belong to its help. */
  readonly dangerous?: boolean;
  /** Sends migrations: the first Ctrl-C lets the running step end instead of leaving at once. */
  readonly runs?: boolean;
  readonly examples: readonly [Example, Example, ...Example[]];
}

/** One folder of migrations. */
export interface SourceOptions {
  /** Key of its history rows; the folder's path relative to the project unless the user names it. */
  readonly name: string;
  /** Absolute path. */
  readonly dir: string;
  /** What its files are: `sql` (native, dbmate, golang-migrate and plain shapes) and `typescript` may be mixed. */
  readonly format: 'native';
  /** What `new` writes here; without it, what the newest migration is written in. */
  readonly writes?: 'sql' | 'ts';
}

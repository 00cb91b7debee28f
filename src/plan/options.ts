/** What to do with a pending migration that is older than an applied one. */
export type OutOfOrder = 'allow' | 'warn' | 'refuse';

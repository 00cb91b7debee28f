export type { SourceListing } from './list.js';
export type { SourceOptions } from './options.js';
export type { RunHook, SourceReading } from './reading.js';
export { shownPath } from './shown-path.js';
export { createSource, openSource, type Source } from './source.js';

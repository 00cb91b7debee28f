export type { SourceListing } from './list.js';
export type { SourceOptions } from './options.js';
export type { SourceReading } from './read.js';
export { shownPath } from './shown-path.js';
export { createSource, type Source } from './source.js';

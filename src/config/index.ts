export { canonicalEnvironment } from '../core/environment-names.js';
export type { ConfigInput } from './input.js';
export { resolveConfig } from './resolve.js';
export type { EnvironmentInfo, ExplainedValue, Origin, ResolvedConfig } from './resolved.js';

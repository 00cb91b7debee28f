import { redact } from '../core/redact.js';
import type { LockkeeperError } from '../core/errors.js';
import { problem, type Problems } from './problems.js';
import type { LockkeeperConfig } from './public.js';

/**
 * Checks what a file exported. Every mistake goes into `problems`; what is wrong is left out of the result, so that the
 * rest can be resolved, and its mistakes be found too.
 */
export async function checkConfig(
  value: unknown,
  file: string,
  problems: Problems,
): Promise<LockkeeperConfig> {
  // The checker and its library are not part of a start without a configuration.
  const [{ safeParse, getDotPath }, { configSchema }] = await Promise.all([
    import('valibot'),
    import('./schema.js'),
  ]);
  if (value === undefined || value === null) {
    problems.push(noDefaultExport(file));
    return {};
  }
  const result = safeParse(configSchema(), value);
  if (result.success) return value;
  let usable: unknown = value;
  for (const issue of result.issues) {
    const path = (issue.path ?? []).map((item) => item.key as string | number);
    problems.push(describe(getDotPath(issue), issue, file));
    usable = without(usable, path);
  }
  return usable ?? {};
}

interface Issue {
  readonly type: string;
  readonly message: string;
  readonly input: unknown;
}

function describe(key: string | null, issue: Issue, file: string): LockkeeperError {
  const details = { file, ...(key === null ? {} : { key }) };
  if (key === null) {
    return problem({
      message: `${file} exports ${show(issue.input, '')}. Accepted: ${issue.message}.`,
      details,
    });
  }
  const sentence =
    issue.type === 'raw_check' ? issue.message : `${show(issue.input, key)}. Accepted: ${issue.message}`;
  return problem({ message: `"${key}" in ${file} is ${sentence.replace(/([^.?])$/, '$1.')}`, details });
}

function noDefaultExport(file: string): LockkeeperError {
  return problem({
    message: `${file} has no default export.`,
    hint: 'Write "export default defineConfig({ … })"; in a .cjs file, "module.exports = { … }".',
    details: { file },
  });
}

/** The value as its author would write it, short, and without a secret. */
function show(value: unknown, key: string): string {
  if (typeof value === 'function') return 'a function';
  if (/password|secret|cert|key$|^webhooks.*url$/i.test(key))
    return `of type ${value === null ? 'null' : typeof value}`;
  const text = JSON.stringify(redact(value)) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** A copy without the value at that path; the value itself is the user's and stays as it is. */
function without(value: unknown, path: readonly (string | number)[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value))
    return value.map((item, index): unknown => (index === key ? without(item, rest) : item));
  const copy: Record<string | number, unknown> = { ...value };
  copy[key] = without(copy[key], rest);
  if (copy[key] === undefined) delete copy[key];
  return copy;
}

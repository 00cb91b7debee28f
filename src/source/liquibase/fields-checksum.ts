import { textChecksum } from './checksum.js';

/** What a change is given, as Liquibase writes it down to make a checksum of it. */
export type Summed = ReadonlyMap<string, string | Summed | readonly Summed[]>;

/** That of a change, of its name and of what it is given. */
export function fieldsChecksum(name: string, fields: Summed): string {
  return textChecksum(`${name}:${written(fields, 1)}`);
}

/** Lines in alphabetical order; what a field of its own holds comes without a name. */
function written(fields: Summed, depth: number): string {
  const lines = [...fields].map(([name, value]) => {
    const start = indent(depth);
    if (typeof value === 'string') return `${start}${name}="${value}"`;
    if (isList(value)) return `${start}${name}=${list(value, depth + 1)}`;
    return `${start}${written(value, depth + 1)}`;
  });
  const sorted = [...new Set(lines)].sort((a, b) => (a < b ? -1 : 1));
  const inner = sorted.length === 0 ? '' : `\n${sorted.join('\n')}\n`;
  return `[${inner}${indent(depth - 1)}]`.replaceAll(/\r\n?/g, '\n');
}

function list(items: readonly Summed[], depth: number): string {
  if (items.length === 0) return '[]';
  const lines = items.map((item) => `${indent(depth)}${written(item, depth + 1)}`);
  return `[\n${lines.join(',\n')}\n${indent(depth - 1)}]`;
}

const isList = (value: Summed | readonly Summed[]): value is readonly Summed[] => Array.isArray(value);

const indent = (depth: number): string => '    '.repeat(depth);

import { END, Lexer, PARAM } from '../sql/lexer.js';
import { quoteLiteral } from '../sql/quote.js';

/**
 * A text with its parameters written into it. A parameter goes to the server as text of no declared type, and so does
 * a literal in quotes: both are read as whatever their place wants.
 * @throws {USAGE_INVALID} for a text that holds a NUL.
 */
export function inlineValues(text: string, values: readonly unknown[]): string {
  if (values.length === 0) return text;
  const lexer = new Lexer(text);
  let result = '';
  let from = 0;
  for (let kind = lexer.next(); kind !== END; kind = lexer.next()) {
    if (kind !== PARAM) continue;
    const index = Number(text.slice(lexer.start + 1, lexer.end)) - 1;
    result += text.slice(from, lexer.start) + literalOf(values[index]);
    from = lexer.end;
  }
  return result + text.slice(from);
}

function literalOf(value: unknown): string {
  const text = textOf(value);
  return text === null ? 'null' : quoteLiteral(text);
}

/** As the driver turns a value of JavaScript into text for the server. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'object') return `${value as string | number | bigint | boolean}`;
  if (ArrayBuffer.isView(value)) return `\\x${hexOf(value)}`;
  if (value instanceof Date) return localTime(value);
  if (Array.isArray(value)) return arrayText(value);
  const own = value as { readonly toPostgres?: (prepare: typeof textOf) => unknown };
  return typeof own.toPostgres === 'function' ? textOf(own.toPostgres(textOf)) : JSON.stringify(value);
}

const hexOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('hex');

/** Local time with its offset: a column without a time zone takes the digits, one with a time zone the moment. */
function localTime(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const year = date.getFullYear();
  const day = `${String(year < 1 ? 1 - year : year).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${day}T${time}${zone}${year < 1 ? ' BC' : ''}`;
}

/** PostgreSQL's own form of an array (manual, "Array Input and Output Syntax"). */
function arrayText(values: readonly unknown[]): string {
  const items = values.map((value) => {
    if (value === null || value === undefined) return 'NULL';
    if (Array.isArray(value)) return arrayText(value);
    return `"${(textOf(value) ?? '').replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  });
  return `{${items.join(',')}}`;
}

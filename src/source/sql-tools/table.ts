import type { ForeignRow } from '../../migration/foreign.js';
import { quoteIdent } from '../../sql/quote.js';
import type { FormatSettings } from '../options.js';

/** `schema.table` as a tool's setting has it, each part quoted. */
export const quoteTable = (name: string): string => name.split('.').map(quoteIdent).join('.');

/** A text of the settings, with what the tool takes without it. */
export function textOf(settings: FormatSettings, key: string, otherwise: string): string {
  const value = settings[key];
  return typeof value === 'string' && value !== '' ? value : otherwise;
}

export function rowText(row: ForeignRow, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** SQL of a moment as `ForeignEntry` wants it. `column` may be with or without a time zone. */
export const isoMoment = (column: string): string =>
  `pg_catalog.to_char(${column}::pg_catalog.timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

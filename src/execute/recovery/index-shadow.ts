import { type Session, sqlstate } from '../../pg/index.js';
import { nameAt } from '../../sql/classify/name.js';
import { quoteIdent, quoteQualified } from '../../sql/quote.js';
import { withTokens } from '../../sql/token-list.js';
import { ours, type Part } from '../parts.js';
import { sqlstateOf } from '../retry.js';
import { sendParts } from '../send-parts.js';

/**
 * Whether a CREATE INDEX makes what these indexes are. Only the server can tell that two expressions are one, so the
 * statement makes its index on an empty temporary copy of the table, which is rolled back, and what the server
 * says of both is compared. Null where the copy or its index cannot be made: no right to make temporary tables, say.
 */
export async function compareWithShadow(
  session: Session,
  { text, tableOid, oids, replay }: ShadowRequest,
): Promise<readonly boolean[] | null> {
  const rows = await session.query<{ schema: string; name: string }>(
    'select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::int8::oid',
    [String(tableOid)],
  );
  const table = rows[0];
  const sql = table === undefined ? null : onShadow(text, table.name);
  if (table === undefined || sql === null) return null;
  const { schema, name } = table;
  const copy = `create temporary table ${quoteIdent(name)} (like ${quoteQualified(schema, name)})`;
  try {
    await sendParts(session, [ours('begin', 'BEGIN'), ...replay, ours(copy), ours(sql)]);
    const wanted = await session.query<{ wording: string }>(`${wording} where i.indrelid = to_regclass($1)`, [
      `pg_temp.${quoteIdent(name)}`,
    ]);
    const found = await session.query<{ wording: string }>(
      `${wording} join unnest($1::int8[]) with ordinality o (oid, nr) on o.oid::oid = i.indexrelid order by o.nr`,
      [oids.map(String)],
    );
    if (found.length !== oids.length) return null;
    return found.map((one) => one.wording === wanted[0]?.wording);
  } catch (error) {
    if (session.lost !== null || sqlstateOf(error) === sqlstate.queryCanceled) throw error;
    return null; // the server refuses the copy, or the statement on it; the caller knows what that means
  } finally {
    await session.rollBack();
  }
}

export interface ShadowRequest {
  /** The CREATE INDEX as it stands in the file. */
  readonly text: string;
  readonly tableOid: number;
  /** The indexes in question, all of that table. */
  readonly oids: readonly number[];
  /** Settings under which the statement runs: names may mean something else under others. */
  readonly replay: readonly Part[];
}

/** Columns by name, since their numbers differ where the table has lost some; storage options may be changed at will. */
const wording = /* sql */ `
  select json_build_object(
    'method', c.relam, 'unique', i.indisunique, 'distinct', to_jsonb(i) ->> 'indnullsnotdistinct',
    'classes', i.indclass::text, 'collations', i.indcollation::text, 'options', i.indoption::text, 'keys', i.indnkeyatts,
    'columns', array(select pg_get_indexdef(i.indexrelid, k, false) from generate_series(1, i.indnatts) k order by k),
    'parameters', array(select a.attoptions::text from pg_attribute a where a.attrelid = i.indexrelid order by a.attnum),
    'where', pg_get_expr(i.indpred, i.indrelid))::text as wording
  from pg_index i join pg_class c on c.oid = i.indexrelid`;

/** The same index, unnamed and not concurrently, on the copy; which has the name of the table, as its columns may be qualified. */
function onShadow(text: string, name: string): string | null {
  return withTokens(text, { start: 0, end: text.length }, (tokens) => {
    const on = tokens.find(0, ['ON']);
    const table = on < 0 ? null : nameAt(tokens, tokens.is(on + 1, 'ONLY') ? on + 2 : on + 1);
    if (table === null) return null;
    const unique = tokens.is(1, 'UNIQUE') ? 'unique ' : '';
    return `create ${unique}index on pg_temp.${quoteIdent(name)} ${text.slice(tokens.start(table.next), text.length)}`;
  });
}

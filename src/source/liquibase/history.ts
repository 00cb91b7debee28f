import type {
  ForeignEntry,
  ForeignHistory,
  ForeignRecord,
  ForeignRow,
  ForeignRun,
} from '../../migration/foreign.js';
import { quoteLiteral } from '../../sql/quote.js';
import type { Changeset } from './model.js';
import { qualifiedName } from './naming.js';
import type { LiquibaseSettings } from './settings.js';

/** What Liquibase has a changeset by: id, author and file. */
export const changesetKey = ({
  id,
  author,
  filename,
}: Pick<Changeset, 'id' | 'author' | 'filename'>): string => `${filename}::${id}::${author}`;

/** What Liquibase keeps in DATABASECHANGELOG and DATABASECHANGELOGLOCK. */
export function liquibaseHistory(settings: LiquibaseSettings): ForeignHistory {
  const table = historyTable(settings);
  const lock = qualifiedName({ schema: settings.historySchema, name: settings.lockTable });
  return {
    tool: 'Liquibase',
    table,
    install: [createHistory(table), createLock(lock, settings.lockTable), ensureLockRow(lock)],
    read: `select id, author, filename, md5sum,
  to_char(dateexecuted at time zone current_setting('TimeZone') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at
from ${table} order by dateexecuted, orderexecuted`,
    entriesOf,
    // One for all changesets of a run: the last ten digits of the milliseconds since 1970.
    readBatch: `select pg_catalog.right((extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint::text, 10)`,
    lock: {
      kind: 'row',
      table: lock,
      take: [
        ensureLockRow(lock),
        `update ${lock} set locked = true, lockgranted = pg_catalog.now(), lockedby = 'lockkeeper' where id = 1 and not locked`,
      ],
      release: [`update ${lock} set locked = false, lockgranted = null, lockedby = null where id = 1`],
      holder: `select pg_catalog.concat(lockedby, ' since ', lockgranted) from ${lock} where id = 1 and locked`,
    },
  };
}

const historyTable = ({ historySchema, historyTable: name }: LiquibaseSettings): string =>
  qualifiedName({ schema: historySchema, name });

const ensureLockRow = (lock: string): string =>
  `insert into ${lock} (id, locked) select 1, false where not exists (select from ${lock} where id = 1)`;

function entriesOf(rows: readonly ForeignRow[]): readonly ForeignEntry[] {
  return (rows as readonly LiquibaseRow[]).map(({ id, author, filename, md5sum, applied_at }) => {
    const key = changesetKey({ id, author, filename: filename.replace(/^classpath:/, '') });
    // A checksum of an older algorithm says nothing here; Liquibase replaces it at its next run.
    const checksum = md5sum?.startsWith('9:') === true ? md5sum : null;
    return { key, name: key, appliedAt: applied_at, checksum, state: 'applied' };
  });
}

interface LiquibaseRow extends ForeignRow {
  readonly id: string;
  readonly author: string;
  readonly filename: string;
  readonly md5sum: string | null;
  readonly applied_at: string | null;
}

/** How a changeset came to be on record. */
export type ExecType = 'EXECUTED' | 'MARK_RAN';

/** The row of one changeset. `execType` is asked when the row is written, behind the run of the changeset. */
export function liquibaseRecord(
  changeset: Changeset,
  settings: LiquibaseSettings,
  execType: () => ExecType,
): ForeignRecord {
  const table = historyTable(settings);
  const { id, author, filename, checksum } = changeset;
  const key = `id = ${quoteLiteral(id)} and author = ${quoteLiteral(author)} and filename = ${quoteLiteral(filename)}`;
  return {
    checksum,
    applied: (run) => rowTexts({ table, key, changeset, execType: execType() }, run),
    undone: () => [`delete from ${table} where ${key}`],
  };
}

/** A changeset that runs again keeps its row, and one that has none gets it. */
function rowTexts(
  about: {
    readonly table: string;
    readonly key: string;
    readonly changeset: Changeset;
    readonly execType: ExecType;
  },
  { batch }: ForeignRun,
): readonly string[] {
  const { table, key, changeset, execType } = about;
  const again = execType === 'EXECUTED' ? 'RERAN' : execType;
  const order = `(select coalesce(pg_catalog.max(orderexecuted), 0) + 1 from ${table})`;
  const values: Readonly<Record<string, string>> = {
    dateexecuted: 'pg_catalog.now()',
    orderexecuted: order,
    md5sum: text(changeset.checksum),
    description: text(limited(changeset.description)),
    comments: text(limited(changeset.comments)),
    contexts: text(changeset.contexts),
    labels: text(changeset.labels),
    // Who wrote the row; Liquibase puts its own version here, and never reads it.
    liquibase: text('lockkeeper'),
    deployment_id: text(batch),
    ...(changeset.tag === null ? {} : { tag: text(changeset.tag) }),
  };
  const set = Object.entries({ ...values, exectype: text(again) }).map(
    ([name, value]) => `${name} = ${value}`,
  );
  const all = {
    id: text(changeset.id),
    author: text(changeset.author),
    filename: text(changeset.filename),
    ...values,
    exectype: text(execType),
  };
  return [
    `update ${table} set ${set.join(', ')} where ${key}`,
    `insert into ${table} (${Object.keys(all).join(', ')}) select ${Object.values(all).join(', ')} where not exists (select from ${table} where ${key})`,
  ];
}

const limited = (value: string): string => (value.length > 250 ? `${value.slice(0, 247)}...` : value);

const text = (value: string | null): string => (value === null ? 'null' : quoteLiteral(value));

const createHistory = (table: string): string => `create table if not exists ${table} (
  id varchar(255) not null,
  author varchar(255) not null,
  filename varchar(255) not null,
  dateexecuted timestamp without time zone not null,
  orderexecuted integer not null,
  exectype varchar(10) not null,
  md5sum varchar(35),
  description varchar(255),
  comments varchar(255),
  tag varchar(255),
  liquibase varchar(20),
  contexts varchar(255),
  labels varchar(255),
  deployment_id varchar(10)
)`;

const createLock = (lock: string, name: string): string => `create table if not exists ${lock} (
  id integer not null,
  locked boolean not null,
  lockgranted timestamp without time zone,
  lockedby varchar(255),
  constraint ${qualifiedName({ schema: null, name: `${name}_pkey` })} primary key (id)
)`;

import { join, resolve } from 'node:path';
import { readGivenTexts } from '../given.js';
import { compareNumbers, namesIn, refuseTwin } from './folder.js';
import { golangLockKey } from './golang-lock.js';
import { quoteTable, rowText, textOf } from './table.js';
import { type SqlTool, sqlToolFormat } from './tool.js';

const tableOf = (settings: Parameters<typeof textOf>[0]): string =>
  textOf(settings, 'table', 'schema_migrations');

const tool: SqlTool = {
  name: 'golang-migrate',
  title: 'golang-migrate',
  configure: ({ root, dir, given }) => {
    const texts = readGivenTexts(given, ['migrationsTable'], 'golang-migrate');
    return {
      file: null,
      dir: dir ?? resolve(root, 'migrations'),
      settings: { table: texts.migrationsTable ?? 'schema_migrations' },
      connection: null,
      warnings: [],
    };
  },
  list: (listing, { dir, root }) => {
    const ups = new Map<string, { readonly file: string; readonly name: string; readonly version: string }>();
    const downs = new Map<string, string>();
    for (const file of namesIn(dir, root, 'files')) {
      const [, version, name = '', way] = /^(\d+)_(.*)\.(up|down)\.[^.]+$/.exec(file) ?? [];
      if (version === undefined) continue;
      const key = BigInt(version).toString();
      if (way === 'down') downs.set(key, file);
      else if (ups.has(key)) refuseTwin(listing, join(dir, file), { version, root });
      else ups.set(key, { file, name, version });
    }
    for (const [key, { file, name, version }] of [...ups].toSorted(([a], [b]) => compareNumbers(a, b))) {
      const down = downs.get(key);
      const downPath = down === undefined ? null : join(dir, down);
      listing.add({ version, name, path: join(dir, file), downPath, foreignKey: key });
    }
  },
  parse: (up, down) => ({ up: up.text, down: down?.text ?? null }),
  history: (settings, known) => {
    const name = tableOf(settings);
    const table = quoteTable(name);
    return {
      tool: 'golang-migrate',
      table,
      install: [
        `create table if not exists ${table} (version bigint not null primary key, dirty boolean not null)`,
      ],
      read: `select version, dirty from ${table} limit 1`,
      // One row says how far it is; every version up to it counts as applied.
      entriesOf: ([row]) => {
        if (row === undefined) return [];
        const current = rowText(row, 'version');
        const keys = known().filter((key) => compareNumbers(key, current) <= 0);
        return [...new Set([...keys, current])].map((key) => ({
          key,
          name: key,
          appliedAt: null,
          checksum: null,
          implied: key !== current,
          state: key === current && row['dirty'] === true ? 'failed' : 'applied',
        }));
      },
      readBatch: null,
      lock: { kind: 'advisory', key: golangLockKey(name) },
    };
  },
  record: ({ key, settings, known }) => {
    const table = quoteTable(tableOf(settings));
    const before = known[known.indexOf(key) - 1];
    const back =
      before === undefined
        ? `delete from ${table} where version = ${key}`
        : `update ${table} set version = ${before}, dirty = false where version = ${key}`;
    return {
      checksum: null,
      applied: () => [
        `update ${table} set version = ${key}, dirty = false where version < ${key}`,
        `insert into ${table} (version, dirty) select ${key}, false where not exists (select from ${table})`,
      ],
      undone: () => [back],
    };
  },
  create: (dir, { name, up, down, existing, now }) => {
    const last = existing.at(-1)?.version ?? '';
    const next = /^\d{1,9}$/.test(last)
      ? String(Number(last) + 1).padStart(last.length, '0')
      : existing.length === 0
        ? '000001'
        : now.toISOString().replaceAll(/\D/g, '').slice(0, 14);
    return [
      { path: join(dir, `${next}_${name}.up.sql`), content: up },
      { path: join(dir, `${next}_${name}.down.sql`), content: down ?? '' },
    ];
  },
};

export const golangMigrate = sqlToolFormat(tool);

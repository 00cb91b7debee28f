'use strict';

const { readFile } = require('node:fs/promises');
const { join } = require('node:path');

const run = async (db, way) =>
  db.runSql(await readFile(join(__dirname, 'sqls', `20240103080000-concerts-${way}.sql`), 'utf8'));

exports.up = (db) => run(db, 'up');
exports.down = (db) => run(db, 'down');

exports._meta = { version: 1 };

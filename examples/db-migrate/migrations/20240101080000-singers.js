'use strict';

let dbm;
let type;

exports.setup = (options) => {
  dbm = options.dbmigrate;
  type = dbm.dataType;
};

/** With promises. */
exports.up = (db) =>
  db
    .createTable('singer', {
      columns: {
        id: { type: type.INTEGER, primaryKey: true, autoIncrement: true },
        name: { type: 'string', length: 80, notNull: true },
        voice: { type: 'string', notNull: true, defaultValue: 'alto' },
        joined: { type: 'timestamptz', notNull: true, defaultValue: { special: 'CURRENT_TIMESTAMP' } },
      },
      ifNotExists: true,
    })
    .then(() => db.addIndex('singer', 'singer_by_voice', ['voice', 'name'], false))
    .then(() => db.insert('singer', ['name', 'voice'], ['Ida', 'soprano']));

exports.down = (db) => db.dropTable('singer');

exports._meta = { version: 1 };

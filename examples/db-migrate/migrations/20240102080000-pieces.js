'use strict';

/** With callbacks. */
exports.up = function (db, callback) {
  db.createTable(
    'piece',
    {
      id: { type: 'int', primaryKey: true, autoIncrement: true },
      title: { type: 'text', notNull: true, unique: true },
      conductor_id: {
        type: 'int',
        foreignKey: {
          name: 'piece_conductor',
          table: 'singer',
          mapping: 'id',
          rules: { onDelete: 'SET NULL', onUpdate: 'CASCADE' },
        },
      },
    },
    function (error) {
      if (error) return callback(error);
      db.all('select id from singer where name = $1', ['Ida'], function (failed, rows) {
        if (failed) return callback(failed);
        db.runSql(
          'insert into piece (title, conductor_id) values (?, ?)',
          ['Miserere', rows[0].id],
          callback,
        );
      });
    },
  );
};

exports.down = function (db, callback) {
  db.dropTable('piece', callback);
};

exports._meta = { version: 1 };

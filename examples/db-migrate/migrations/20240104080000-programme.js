'use strict';

exports.up = async (db) => {
  await db.createTable('programme', {
    concert_id: { type: 'bigint', notNull: true, primaryKey: true },
    piece_id: { type: 'int', notNull: true, primaryKey: true },
  });
  await db.addForeignKey(
    'programme',
    'concert',
    'programme_concert',
    { concert_id: 'id' },
    { onDelete: 'CASCADE', onUpdate: 'NO ACTION' },
  );
  await db.addColumn('piece', 'minutes', { type: 'smallint', defaultValue: 5 });
  await db.renameColumn('singer', 'joined', 'joined_at');
  await db.changeColumn('singer', 'voice', { type: 'text', notNull: true, defaultValue: 'bass' });
};

exports.down = async (db) => {
  await db.changeColumn('singer', 'voice', { type: 'string', notNull: true, defaultValue: 'alto' });
  await db.renameColumn('singer', 'joined_at', 'joined');
  await db.removeColumn('piece', 'minutes');
  await db.dropTable('programme');
};

exports._meta = { version: 1 };

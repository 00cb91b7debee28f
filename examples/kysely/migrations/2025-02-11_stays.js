const { sql } = require('kysely');

exports.up = async (db) => {
  await db.schema
    .createTable('stay')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('room_id', 'integer', (column) => column.references('room.id').onDelete('cascade').notNull())
    .addColumn('arrives_on', 'date', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('stay_by_room').on('stay').columns(['room_id', 'arrives_on']).execute();
  await sql`comment on table stay is 'Who sleeps where; set by hand'`.execute(db);
};

exports.down = (db) => db.schema.dropTable('stay').execute();

import { sql } from 'kysely';

export async function up(db) {
  await db.schema.createType('room_kind').asEnum(['single', 'double']).execute();
  await db.schema
    .createTable('room')
    .addColumn('id', 'serial', (column) => column.primaryKey())
    .addColumn('number', 'integer', (column) => column.notNull().unique())
    .addColumn('kind', sql`room_kind`, (column) => column.notNull().defaultTo('single'))
    .addCheckConstraint('room_number_positive', sql`number > 0`)
    .execute();
  await db
    .insertInto('room')
    .values([{ number: 1 }, { number: 2, kind: 'double' }])
    .execute();
  const rooms = await db.selectFrom('room').select('number').where('kind', '=', 'double').execute();
  if (rooms.length !== 1 || !db.isTransaction) throw new Error('This is not the Migrator of Kysely.');
}

export async function down(db) {
  await db.schema.dropTable('room').execute();
  await db.schema.dropType('room_kind').execute();
}

import type { MigrationBuilder } from 'node-pg-migrate';

export async function up(pgm: MigrationBuilder): Promise<void> {
  pgm.noTransaction();
  pgm.createIndex('bike', 'state', { name: 'bike_by_state', concurrently: true });
  pgm.addTypeValue('bike_state', 'retired');
  pgm.sql("update bike set state = 'retired' where bought < '2000-01-01'");
}

export async function down(pgm: MigrationBuilder): Promise<void> {
  // PostgreSQL cannot take a value out of an enum; the index is what goes.
  pgm.noTransaction();
  pgm.dropIndex('bike', 'state', { name: 'bike_by_state', concurrently: true });
  pgm.sql("delete from pg_enum where enumtypid = 'bike_state'::regtype and enumlabel = 'retired'");
}

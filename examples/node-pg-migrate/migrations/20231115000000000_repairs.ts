import type { MigrationBuilder } from 'node-pg-migrate';

// Without a way down, which is made of the way up. Seventeen digits are a date.
export async function up(pgm: MigrationBuilder): Promise<void> {
  pgm.createTable('repair', {
    id: 'key',
    bike_id: { type: 'integer', notNull: true, references: 'bike', onDelete: 'CASCADE' },
    began: 'moment',
    notes: { type: 'jsonb', notNull: true, default: '{}' },
  });
  pgm.createIndex('repair', 'notes', { method: 'gin' });
  pgm.addColumns('bike', { frame_number: { type: 'text', unique: true } });
  pgm.renameColumn('bike', 'bought', 'bought_on');
}

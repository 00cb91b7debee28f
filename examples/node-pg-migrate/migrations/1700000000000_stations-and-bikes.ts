import { type ColumnDefinitions, type MigrationBuilder, PgLiteral } from 'node-pg-migrate';

/** Shorthands hold in every migration behind this one. */
export const shorthands: ColumnDefinitions = {
  key: { type: 'integer', primaryKey: true, sequenceGenerated: { precedence: 'ALWAYS' } },
  moment: { type: 'timestamptz', notNull: true, default: PgLiteral.create('now()') },
};

export async function up(pgm: MigrationBuilder): Promise<void> {
  pgm.createType('bike_state', ['free', 'rented', 'in repair']);
  pgm.createTable(
    'station',
    { id: 'key', name: { type: 'varchar(80)', notNull: true, unique: true }, places: 'smallint' },
    { comment: 'Where bikes are taken and brought back' },
  );
  pgm.addConstraint('station', 'station_places_positive', { check: 'places > 0' });
  pgm.createTable('bike', {
    id: 'key',
    stationId: { type: 'integer', references: 'station', onDelete: 'SET NULL' },
    state: { type: 'bike_state', notNull: true, default: 'free' },
    bought: { type: 'date', notNull: true, default: pgm.func('current_date') },
  });
  pgm.createIndex('bike', 'stationId', { name: 'bike_by_station' });
}

export async function down(pgm: MigrationBuilder): Promise<void> {
  pgm.dropTable('bike');
  pgm.dropTable('station');
  pgm.dropType('bike_state');
}

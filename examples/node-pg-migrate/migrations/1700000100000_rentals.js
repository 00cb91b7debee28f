/** In the callback style: with a second parameter, the migration goes on when that is called. */
export const up = (pgm, run) => {
  pgm.createTable('rental', {
    id: 'key',
    bike_id: { type: 'integer', notNull: true, references: 'bike' },
    taken: { type: 'timestamptz', notNull: true, default: pgm.func('now()') },
    returned: 'timestamptz',
  });
  pgm.db
    .select("insert into station (name, places) values ('Harbour', 12), ('Market', 8) returning id")
    .then((rows) => {
      pgm.sql(`insert into bike ("stationId") select id from station, generate_series(1, ${rows.length})`);
      run();
    });
};

export const down = (pgm) => {
  pgm.dropTable('rental');
  pgm.sql('truncate bike, station restart identity');
};

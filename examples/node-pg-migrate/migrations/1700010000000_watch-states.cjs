exports.up = async (pgm) => {
  pgm.createTable('bike_state_change', {
    bike_id: { type: 'integer', notNull: true },
    state: { type: 'bike_state', notNull: true },
    at: 'moment',
  });
  pgm.createFunction(
    'note_state',
    [],
    { returns: 'trigger', language: 'plpgsql' },
    `begin
  insert into bike_state_change (bike_id, state) values (new.id, new.state);
  return new;
end`,
  );
  pgm.createTrigger('bike', 'bike_state_noted', {
    when: 'AFTER',
    operation: 'UPDATE',
    level: 'ROW',
    condition: 'old.state is distinct from new.state',
    function: 'note_state',
  });
};

exports.down = async (pgm) => {
  pgm.dropTrigger('bike', 'bike_state_noted');
  pgm.dropFunction('note_state', []);
  pgm.dropTable('bike_state_change');
};

export const up = (db) =>
  db.schema
    .createView('free_room')
    .as(db.selectFrom('room').select(['id', 'number']))
    .execute();

export const down = (db) => db.schema.dropView('free_room').execute();

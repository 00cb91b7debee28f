/** @param {import('knex').Knex} knex */
exports.up = async function (knex) {
  await knex.schema.createTable('customers', (table) => {
    table.uuid('id').primary().defaultTo(knex.fn.uuid());
    table.string('email', 320).notNullable().unique();
    table.text('name').notNullable();
    table.date('born_on');
    table.specificType('tags', 'text[]').notNullable().defaultTo('{}');
    table.boolean('is_active').notNullable().defaultTo(true);
    table.timestamps(true, true);
    table.comment('People who order bread.');
  });
  await knex.raw("comment on column customers.tags is 'Free words'");
};

exports.down = (knex) => knex.schema.dropTable('customers');

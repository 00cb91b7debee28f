/** @param {import('knex').Knex} knex */
exports.up = async function (knex) {
  await knex.schema
    .createTable('breads', (table) => {
      table.increments();
      table.string('name', 80).notNullable().unique('breads_name_once');
      table.decimal('price', 8, 2).notNullable();
      table.jsonb('recipe').notNullable().defaultTo('{}');
      table.check('?? > 0', ['price'], 'breads_price_positive');
    })
    .createTable('orders', (table) => {
      table.bigIncrements('id');
      table.uuid('customer_id').notNullable().references('id').inTable('customers').onDelete('CASCADE');
      table
        .enu('state', ['open', 'baked', 'fetched'], { useNative: true, enumName: 'order_state' })
        .notNullable()
        .defaultTo('open');
      table.timestamp('ordered_at').notNullable().defaultTo(knex.fn.now());
      table.index(['customer_id', 'ordered_at'], 'orders_by_customer');
    })
    .createTable('order_lines', (table) => {
      table.bigInteger('order_id').notNullable().references('orders.id').onDelete('CASCADE');
      table.integer('bread_id').notNullable().references('breads.id');
      table.smallint('pieces').notNullable().checkPositive();
      table.primary(['order_id', 'bread_id']);
    });
};

exports.down = async function (knex) {
  await knex.schema.dropTable('order_lines').dropTable('orders').dropTable('breads');
  await knex.raw('drop type order_state');
};

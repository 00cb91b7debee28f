/** @param {import('knex').Knex} knex */
export async function up(knex) {
  await knex.schema.alterTable('orders', (table) => {
    table.renameColumn('ordered_at', 'created_at');
    table.text('note');
  });
  await knex('orders').update({ note: knex.raw("'order ' || id") });
}

export async function down(knex) {
  await knex.schema.alterTable('orders', (table) => {
    table.dropColumn('note');
    table.renameColumn('created_at', 'ordered_at');
  });
}

/** Knex cannot run this one within its transaction, so it is told to have none. */
exports.config = { transaction: false };

/** @param {import('knex').Knex} knex */
exports.up = async function (knex) {
  await knex.raw("create index concurrently orders_open on orders (ordered_at) where state = 'open'");
  await knex.raw('create index concurrently customers_lower_name on customers (lower(name))');
};

exports.down = async function (knex) {
  await knex.raw('drop index concurrently customers_lower_name');
  await knex.raw('drop index concurrently orders_open');
};

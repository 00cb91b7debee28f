const breads = [
  { name: 'Rye', price: 4.2, recipe: { flour: 'rye', hours: 18 } },
  { name: 'Spelt', price: 5.1, recipe: { flour: 'spelt', hours: 12 } },
  { name: 'Baguette', price: 1.9, recipe: { flour: 'wheat', hours: 6 } },
];

/** @param {import('knex').Knex} knex */
exports.up = async function (knex) {
  await knex.batchInsert('breads', breads, 2);
  const slow = await knex('breads').whereRaw("(recipe ->> 'hours')::int > ?", [10]).pluck('id');
  // Within the migration's own transaction this is a savepoint.
  await knex.transaction(async (trx) => {
    await trx('breads').whereIn('id', slow).increment('price', 0.3);
  });
  const [{ count }] = await knex('breads').count();
  if (Number(count) !== breads.length) throw new Error(`${count} breads`);
};

exports.down = (knex) =>
  knex('breads')
    .whereIn(
      'name',
      breads.map(({ name }) => name),
    )
    .del();

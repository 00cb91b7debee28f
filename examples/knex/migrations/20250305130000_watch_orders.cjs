/** @param {import('knex').Knex} knex */
exports.up = async function (knex) {
  await knex.raw(`
    create function touch_customer() returns trigger language plpgsql as $$
    begin
      update customers set updated_at = now() where id = new.customer_id;
      return new;
    end;
    $$;
    create trigger orders_touch_customer after insert on orders
      for each row execute function touch_customer();
  `);
  await knex.schema.createView('open_orders', (view) => {
    view.columns(['id', 'customer_id']);
    view.as(knex('orders').select('id', 'customer_id').where('state', 'open'));
  });
};

exports.down = async function (knex) {
  await knex.schema.dropView('open_orders');
  await knex.raw('drop trigger orders_touch_customer on orders; drop function touch_customer()');
};

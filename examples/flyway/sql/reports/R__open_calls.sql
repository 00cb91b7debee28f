create or replace view open_call as
select b.name as berth, c.ship, c.arrived, c.fee || ' ${currency}' as fee
from harbour_call c join berth b on b.id = c.berth_id
where c.left_at is null;

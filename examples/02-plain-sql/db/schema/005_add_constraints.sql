-- Comparing a number by = and a range by && in one index takes this extension, which is part of PostgreSQL.
create extension if not exists btree_gist;

alter table booking
  add constraint booking_during_not_empty check (not isempty(during)),
  add constraint booking_berth_free exclude using gist (berth_id with =, during with &&)
    where (state <> 'cancelled');

alter table berth
  add constraint berth_equipment_is_list check (jsonb_typeof(equipment) = 'array');

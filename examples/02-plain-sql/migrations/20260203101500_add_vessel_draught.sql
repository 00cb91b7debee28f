-- description: How deep a vessel goes; asked of the parent, so every child gets the column
-- affected-tables: vessel, barge, ferry
-- migrate:up
alter table vessel add column draught_m numeric(4, 2);

alter table vessel add constraint vessel_draught_positive check (draught_m > 0) not valid;

alter table vessel validate constraint vessel_draught_positive;

-- migrate:validate-after
select 'barge' as child where not exists (
  select from pg_attribute where attrelid = 'barge'::regclass and attname = 'draught_m'
);

-- migrate:down
alter table vessel drop constraint vessel_draught_positive;
alter table vessel drop column draught_m;

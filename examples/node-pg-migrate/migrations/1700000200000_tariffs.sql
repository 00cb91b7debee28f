-- Up Migration
create table tariff (
  name text primary key,
  per_hour numeric(6, 2) not null check (per_hour >= 0)
);
insert into tariff values ('day', 3.5), ('night', 2);

create function price_of(began timestamptz, ended timestamptz) returns numeric
language sql stable
as $$
  select round(per_hour * extract(epoch from ended - began) / 3600, 2) from tariff where name = 'day';
$$;

create view open_rental as select id, bike_id, taken from rental where returned is null;

-- Down Migration
drop view open_rental;
drop function price_of;
drop table tariff;

-- migrate:up
create table reading (
  station_id integer not null references station,
  taken_at timestamptz not null,
  celsius numeric(4, 1) not null,
  primary key (station_id, taken_at)
);

-- migrate:down
drop table reading;

create type berth_kind as enum ('quay', 'pier', 'buoy');

create table berth (
    id bigint generated always as identity primary key,
    name text not null unique,
    kind berth_kind not null,
    length_m numeric(6, 1) not null check (length_m > 0)
);

comment on table berth is 'Where a ship can lie.';

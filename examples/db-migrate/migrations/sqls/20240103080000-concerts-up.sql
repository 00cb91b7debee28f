create type concert_state as enum ('planned', 'sung');

create table concert (
  id bigint generated always as identity primary key,
  place text not null,
  state concert_state not null default 'planned',
  at timestamptz not null,
  check (place <> '')
);

create function next_concert() returns concert language sql stable as $$
  select * from concert where state = 'planned' order by at limit 1;
$$;

insert into concert (place, at) values ('Old Church', '2024-06-01 19:00+00');

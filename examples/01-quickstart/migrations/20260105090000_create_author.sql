-- description: Authors of the catalogue
-- migrate:up
create table author (
  id bigint generated always as identity primary key,
  name text not null check (name <> ''),
  born smallint
);

create unique index author_name_key on author (lower(name));

-- migrate:down
drop table author;

-- A child table does not inherit the keys of its parent: primary, unique and foreign keys belong to one table each.
-- So each child declares its own, and what others refer to is the register, which knows every vessel once.

create table vessel_register (
  id bigint generated always as identity primary key,
  code registration_code not null unique,
  kind vessel_kind not null,
  registered_at timestamptz not null default now(),
  -- What the foreign keys of the children point at, so that a barge cannot be entered as a ferry.
  unique (id, kind)
);

-- What all vessels have in common. It holds no rows itself, and this check is the one that children do not inherit.
create table vessel (
  id bigint not null,
  kind vessel_kind not null,
  name text not null,
  length_m numeric(6, 2) not null,
  details jsonb not null default '{}',
  updated_at timestamptz not null default now(),
  constraint vessel_is_only_a_parent check (false) no inherit,
  constraint vessel_length_positive check (length_m > 0)
);

create table barge (
  capacity_t numeric(8, 1) not null,
  cargo cargo_class not null,
  constraint barge_pkey primary key (id),
  constraint barge_kind check (kind = 'barge'),
  constraint barge_register_fkey foreign key (id, kind) references vessel_register (id, kind) on delete cascade
) inherits (vessel);

alter table barge alter column kind set default 'barge';

create table ferry (
  passengers integer not null,
  constraint ferry_pkey primary key (id),
  constraint ferry_kind check (kind = 'ferry'),
  constraint ferry_register_fkey foreign key (id, kind) references vessel_register (id, kind) on delete cascade
) inherits (vessel);

alter table ferry alter column kind set default 'ferry';

create table berth (
  id integer generated always as identity primary key,
  name text not null unique,
  max_length_m numeric(6, 2) not null,
  equipment jsonb not null default '[]'
);

create table booking (
  id bigint generated always as identity primary key,
  berth_id integer not null references berth,
  vessel_id bigint not null references vessel_register on delete cascade,
  state booking_state not null default 'requested',
  during tstzrange not null,
  updated_at timestamptz not null default now()
);

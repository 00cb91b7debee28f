-- Words that the harbour office uses.
begin;

create type vessel_kind as enum ('barge', 'ferry');

create type cargo_class as enum ('dry', 'liquid', 'refrigerated', 'hazardous');

create type booking_state as enum ('requested', 'confirmed', 'cancelled');

create domain registration_code as text
  check (value ~ '^[A-Z]{2}-[0-9]{4}$');

commit;

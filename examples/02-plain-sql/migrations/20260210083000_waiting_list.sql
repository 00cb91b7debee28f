-- description: Bookings that wait for a berth
-- depends: 20260203101500
-- migrate:up
alter type booking_state add value if not exists 'waiting' before 'confirmed';

-- The new value may be used only after a commit: what follows is a step of its own.
alter table booking alter column state set default 'waiting';

create index concurrently booking_waiting_idx on booking (berth_id, id) where state = 'waiting';

-- migrate:down
-- PostgreSQL cannot remove an enum value; it stays and does no harm.
drop index concurrently booking_waiting_idx;
alter table booking alter column state set default 'requested';

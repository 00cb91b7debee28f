create table harbour_call (
    id bigint generated always as identity primary key,
    berth_id bigint not null references berth (id),
    ship text not null,
    arrived timestamptz not null,
    left_at timestamptz,
    fee numeric(10, 2) not null default 0,
    currency char(3) not null default '${currency}',
    constraint left_after_arrival check (left_at is null or left_at > arrived)
);

create function forbid_two_ships() returns trigger language plpgsql as $$
begin
    if exists (select from harbour_call c where c.berth_id = new.berth_id and c.left_at is null and c.id <> new.id) then
        raise exception 'The berth is taken.';
    end if;
    return new;
end;
$$;

create trigger one_ship before insert on harbour_call for each row execute function forbid_two_ships();

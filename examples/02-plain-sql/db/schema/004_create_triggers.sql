create function touch_updated_at() returns trigger
  language plpgsql
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;

-- Triggers are not inherited either.
create trigger barge_touch before update on barge
  for each row execute function touch_updated_at();
create trigger ferry_touch before update on ferry
  for each row execute function touch_updated_at();
create trigger booking_touch before update on booking
  for each row execute function touch_updated_at();

create function check_booking_fits() returns trigger
  language plpgsql
as $body$
declare
  needed numeric;
  offered numeric;
begin
  select length_m into needed from vessel where id = new.vessel_id;
  select max_length_m into offered from berth where id = new.berth_id;
  if needed > offered then
    raise exception 'The vessel is % m long; berth % takes % m.', needed, new.berth_id, offered
      using errcode = 'check_violation', hint = 'Choose a longer berth; see "berth".';
  end if;
  return new;
end;
$body$;

create trigger booking_fits before insert or update of berth_id, vessel_id on booking
  for each row execute function check_booking_fits();

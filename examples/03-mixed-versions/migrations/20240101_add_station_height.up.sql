alter table station add column height_m integer;

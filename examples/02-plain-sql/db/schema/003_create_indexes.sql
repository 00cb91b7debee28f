create index barge_name_idx on barge (name);
create index ferry_name_idx on ferry (name);

-- `details @> '{"engine": "electric"}'`, over each table of the family.
create index barge_details_idx on barge using gin (details jsonb_path_ops);
create index ferry_details_idx on ferry using gin (details jsonb_path_ops);

-- `equipment ? 'crane'`, which jsonb_path_ops would not serve.
create index berth_equipment_idx on berth using gin (equipment);

create index booking_vessel_id_idx on booking (vessel_id);

create index concurrently harbour_call_berth on harbour_call (berth_id) where left_at is null;

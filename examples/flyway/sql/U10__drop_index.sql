drop index concurrently harbour_call_berth;

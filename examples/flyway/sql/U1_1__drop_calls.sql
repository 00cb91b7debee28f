drop view if exists open_call;
drop table harbour_call;
drop function forbid_two_ships();

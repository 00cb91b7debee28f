drop function next_concert;
drop table concert;
drop type concert_state;

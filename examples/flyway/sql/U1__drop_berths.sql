drop table berth;
drop type berth_kind;

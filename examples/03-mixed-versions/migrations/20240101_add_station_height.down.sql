alter table station drop column height_m;

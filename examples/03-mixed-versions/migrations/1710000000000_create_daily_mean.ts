/** Milliseconds since 1970: the 9th of March 2024. */
export const up = `
  create view daily_mean as
  select s.name, s.height_m, r.taken_at::date as day, round(avg(r.celsius), 1) as celsius
  from reading r join station s on s.id = r.station_id
  group by s.id, r.taken_at::date
`;

export const down = 'drop view daily_mean';

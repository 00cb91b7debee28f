-- description: Readers look for titles; the table stays writable while the index is built
-- migrate:up
alter table book add column subtitle text;

create index concurrently book_title_idx on book (lower(title));

comment on index book_title_idx is 'For the search box.';

-- migrate:down
drop index concurrently book_title_idx;
alter table book drop column subtitle;

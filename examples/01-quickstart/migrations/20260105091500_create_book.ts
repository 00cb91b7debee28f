import { defineMigration } from 'lockkeeper';

export default defineMigration({
  description: 'Books, each by one author',
  dependsOn: 'create_author',
  up: `
    create table book (
      isbn text primary key check (isbn ~ '^[0-9]{13}$'),
      title text not null,
      author_id bigint not null references author,
      published smallint not null
    );
    create index book_author_id_idx on book (author_id);
  `,
  down: 'drop table book',
});

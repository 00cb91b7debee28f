import { defineMigration, sql } from 'lockkeeper';

const shelf = [
  { author: 'Mary Shelley', born: 1797, isbn: '9780141439471', title: 'Frankenstein', published: 1818 },
  { author: 'Jules Verne', born: 1828, isbn: '9780140449068', title: 'Around the World', published: 1872 },
  { author: 'Jules Verne', born: 1828, isbn: '9780140366327', title: 'Journey Below', published: 1864 },
];

export default defineMigration({
  description: 'The first books, by code: plain SQL on the connection and in the transaction of the run',
  async up(db) {
    for (const { author, born, ...book } of shelf) {
      const { id } = await db.one<{ id: string }>(
        sql`insert into author (name, born) values (${author}, ${born})
            on conflict ((lower(name))) do update set born = excluded.born
            returning id`,
      );
      await db.upsert('book', [{ ...book, author_id: id }]);
    }
  },
  async down(db) {
    const isbns = shelf.map((book) => book.isbn);
    const names = shelf.map((book) => book.author);
    await db.query('delete from book where isbn = any ($1)', [isbns]);
    await db.query('delete from author where name = any ($1)', [names]);
  },
  validate: {
    after: 'select isbn from book where published < 1450',
  },
});

DELETE FROM "books" WHERE "shelf" IN ('A-1', 'B-7');
ALTER TABLE "books" DROP CONSTRAINT "books_copies_check";
ALTER TABLE "books" DROP COLUMN "copies";

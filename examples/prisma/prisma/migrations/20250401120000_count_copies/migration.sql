-- AlterTable
ALTER TABLE "books" ADD COLUMN "copies" INTEGER NOT NULL DEFAULT 1;

-- Written by hand: no book can have fewer copies than none.
ALTER TABLE "books" ADD CONSTRAINT "books_copies_check" CHECK ("copies" >= 0);

DO $books$
BEGIN
  INSERT INTO "books" ("title", "shelf", "copies") VALUES
    ('On the Origin of Locks; A Study', 'A-1', 2),
    ('The $$ Sign', 'B-7', 1);
EXCEPTION WHEN unique_violation THEN
  NULL;
END
$books$;

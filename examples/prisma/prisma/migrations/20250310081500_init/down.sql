DROP TABLE "books";
DROP TABLE "members";
DROP TYPE "LoanState";

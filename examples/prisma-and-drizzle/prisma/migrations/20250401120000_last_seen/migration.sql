-- AlterTable
ALTER TABLE "accounts" ADD COLUMN "lastSeen" TIMESTAMP(3);

-- From Drizzle's table, which is there by then.
UPDATE "accounts" SET "lastSeen" = (SELECT max("opened") FROM "sessions" WHERE "account_id" = "accounts"."id");

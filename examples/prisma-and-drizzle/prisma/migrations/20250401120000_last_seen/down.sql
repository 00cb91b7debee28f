ALTER TABLE "accounts" DROP COLUMN "lastSeen";

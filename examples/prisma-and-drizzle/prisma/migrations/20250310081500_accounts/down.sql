DROP TABLE "accounts";

DROP TABLE "plants";
DROP TABLE "beds";
DROP TYPE "weather";

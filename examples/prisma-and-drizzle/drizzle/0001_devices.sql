ALTER TABLE "sessions" ADD COLUMN "device" jsonb DEFAULT '{}' NOT NULL;

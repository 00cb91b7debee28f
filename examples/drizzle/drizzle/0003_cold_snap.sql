ALTER TYPE "public"."weather" ADD VALUE IF NOT EXISTS 'frost';

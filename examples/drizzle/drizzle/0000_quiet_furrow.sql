CREATE TYPE "public"."weather" AS ENUM('dry', 'wet');--> statement-breakpoint
CREATE TABLE "beds" (
	"id" serial PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "beds_name_unique" UNIQUE("name")
);
--> statement-breakpoint
CREATE TABLE "plants" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"bed_id" integer NOT NULL,
	"species" text NOT NULL,
	"sown" date NOT NULL,
	"likes" "weather" DEFAULT 'dry' NOT NULL,
	CONSTRAINT "plants_bed_species" UNIQUE("bed_id","species")
);
--> statement-breakpoint
ALTER TABLE "plants" ADD CONSTRAINT "plants_bed_id_beds_id_fk" FOREIGN KEY ("bed_id") REFERENCES "public"."beds"("id") ON DELETE cascade ON UPDATE no action;

ALTER TABLE "beds" ADD COLUMN "square_metres" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE INDEX "plants_sown" ON "plants" USING btree ("sown");--> statement-breakpoint
ALTER TABLE "plants" ADD CONSTRAINT "plants_species_named" CHECK ("plants"."species" <> '')

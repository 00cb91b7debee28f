ALTER TABLE "plants" DROP CONSTRAINT "plants_species_named";
DROP INDEX "plants_sown";
ALTER TABLE "beds" DROP COLUMN "square_metres";

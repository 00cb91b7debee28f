-- Custom SQL migration file, put your code below! --
INSERT INTO "beds" ("name", "square_metres") VALUES ('south; sunny', 12), ('north', 7);
--> statement-breakpoint
INSERT INTO "plants" ("bed_id", "species", "sown", "likes")
SELECT "id", 'broad bean', '2025-03-01', 'wet' FROM "beds";
--> statement-breakpoint
CREATE FUNCTION "total_area"() RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT sum("square_metres") FROM "beds");
END
$$;

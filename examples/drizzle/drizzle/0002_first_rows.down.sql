DROP FUNCTION "total_area";
DELETE FROM "beds" WHERE "name" IN ('south; sunny', 'north');

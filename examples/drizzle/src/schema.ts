import { sql } from 'drizzle-orm';
import {
  check,
  date,
  index,
  integer,
  pgEnum,
  pgTable,
  serial,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';

export const weather = pgEnum('weather', ['dry', 'wet', 'frost']);

export const beds = pgTable('beds', {
  id: serial().primaryKey(),
  name: text().notNull().unique(),
  squareMetres: integer('square_metres').notNull().default(1),
});

export const plants = pgTable(
  'plants',
  {
    id: uuid().primaryKey().defaultRandom(),
    bedId: integer('bed_id')
      .notNull()
      .references(() => beds.id, { onDelete: 'cascade' }),
    species: text().notNull(),
    sown: date().notNull(),
    likes: weather().notNull().default('dry'),
  },
  (table) => [
    unique('plants_bed_species').on(table.bedId, table.species),
    index('plants_sown').on(table.sown),
    check('plants_species_named', sql`${table.species} <> ''`),
  ],
);

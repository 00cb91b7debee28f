import { index, integer, jsonb, pgTable, serial, text, timestamp } from 'drizzle-orm/pg-core';

export const sessions = pgTable(
  'sessions',
  {
    id: serial().primaryKey(),
    // The table of accounts is Prisma's.
    accountId: integer('account_id').notNull(),
    token: text().notNull().unique(),
    opened: timestamp({ withTimezone: true }).notNull().defaultNow(),
    device: jsonb().notNull().default({}),
  },
  (table) => [index('sessions_account').on(table.accountId)],
);

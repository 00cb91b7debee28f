-- CreateIndex
CREATE INDEX CONCURRENTLY "loans_dueOn_idx" ON "loans"("dueOn");

import { defineConfig } from 'lockkeeper/config';

// Two folders, one history: the schema as it was first written down, and the changes since.
export default defineConfig({
  migrations: ['db/schema', 'migrations'],
});

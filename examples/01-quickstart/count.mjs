// The library has the same verbs as the command line.
import { createLockkeeper } from 'lockkeeper';

const lockkeeper = await createLockkeeper();
try {
  const { applied, pending } = await lockkeeper.status();
  console.log(`The library counts ${applied.length} applied and ${pending.length} pending migrations.`);
} finally {
  await lockkeeper.close();
}

import { expect, it } from 'vitest';
import type { RunReport } from '../../src/core/report.js';
import { createWorkspace } from '../app/workspace.js';

it('keeps the order of application beyond the tenth migration', async () => {
  const files = Array.from({ length: 11 }, (_, index) => index + 1).map((number) => [
    `${number}_t.sql`,
    `-- migrate:up\ncreate table t${number} ();\n-- migrate:down\ndrop table t${number};\n`,
  ]);
  const app = await createWorkspace(Object.fromEntries(files) as Record<string, string>);
  await app.up();
  const undone = (await (await app.open()).down({ steps: 3 })) as RunReport;
  expect(undone.applied.map((migration) => migration.version)).toEqual(['11', '10', '9']);
});

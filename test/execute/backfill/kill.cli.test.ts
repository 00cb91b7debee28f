import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { servers, spawnCli, runCli } from '../../support/database.js';
import { createWorkspace } from '../../app/workspace.js';
import { openSteps } from '../support.js';
import { doneSoFar, people, recordOf, timesDone } from './support.js';

describe.each(servers)('the program with a backfill, on PostgreSQL $major', (server) => {
  it('loses nothing and repeats nothing when it is killed again and again', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql': `-- backfill: batch-rows=60
update people set done = done + 1 where pg_sleep(0.0002) is not null;`,
      },
      { server },
    );
    const { database, project } = workspace;
    await people(database, 2000);
    const options = { cwd: project.dir, env: { DATABASE_URL: database.url } };
    for (const done of [100, 500, 900, 1400]) {
      const running = spawnCli(['up'], options);
      for (let look = 0; look < 2000; look++) {
        if ((await doneSoFar(database)) >= done) break;
        await sleep(10);
      }
      running.kill('SIGKILL');
      await running.ended;
    }
    const last = await runCli(['up', '--json'], options);
    expect(last.code).toBe(0);
    expect(await timesDone(database)).toEqual({ '1': 2000 });
    expect(await openSteps(database)).toEqual([]);
  });

  it('ends with 130 behind its batch at Ctrl-C, and with 1 when it is paused', async () => {
    const workspace = await createWorkspace(
      {
        '1_b.sql':
          '-- backfill: batch-rows=60\nupdate people set done = done + 1 where pg_sleep(0.0005) is not null;',
      },
      { server },
    );
    const { database, project } = workspace;
    await people(database, 3000);
    const options = { cwd: project.dir, env: { DATABASE_URL: database.url } };
    const reach = async (done: number): Promise<void> => {
      for (let look = 0; look < 2000; look++) {
        if ((await doneSoFar(database)) >= done) return;
        await sleep(10);
      }
    };
    const first = spawnCli(['up'], options);
    await reach(200);
    first.kill('SIGINT');
    const interrupted = await first.ended;
    expect([interrupted.code, interrupted.stderr]).toEqual([
      130,
      expect.stringContaining('stopped after a complete batch'),
    ]);
    const status = await runCli(['status'], options);
    expect(status.stdout).toMatch(/1 {2}b {2}up, nothing done, backfill of people at \d+ %/);
    const second = spawnCli(['up'], options);
    await reach(Number((await recordOf(database))['done']) + 200);
    const pause = await runCli(['backfill', 'pause', '1'], options);
    expect(pause.code).toBe(0);
    const paused = await second.ended;
    expect([paused.code, paused.stderr]).toEqual([
      1,
      expect.stringContaining('lockkeeper backfill resume 1'),
    ]);
    const shown = await runCli(['backfill', 'status', '--json'], options);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      backfills: [{ version: '1', state: 'paused', total: 3000 }],
    });
    expect((await runCli(['backfill', 'resume'], options)).code).toBe(0);
    expect((await runCli(['up'], options)).code).toBe(0);
    expect(await timesDone(database)).toEqual({ '1': 3000 });
  });
});

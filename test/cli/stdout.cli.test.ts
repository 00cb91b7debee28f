import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createDatabase,
  runCli,
  tempProject,
  type TempProject,
  type TestDatabase,
} from '../support/database.js';

const config = `console.log('from the configuration');
export default { migrations: 'migrations', history: { schema: 'lockkeeper' } };
`;
const migration = `console.log('from the file');
export async function up(db) {
  console.log('from up');
  process.stdout.write('from the stream\\n');
  await db.exec('create table users (id int)');
}
export async function down(db) {
  console.info('from down');
  await db.exec('drop table users');
}
`;

let database: TestDatabase;
let project: TempProject;

beforeEach(async () => {
  database = await createDatabase();
  project = tempProject({ 'lockkeeper.config.mjs': config, 'migrations/001_users.mjs': migration });
});

afterEach(async () => {
  await database.drop();
  project.remove();
});

const lk = (line: string) =>
  runCli(line.split(' '), { cwd: project.dir, env: { DATABASE_URL: database.url, LANG: 'C.UTF-8' } });

describe('what the code of a project prints', () => {
  it('stays out of the answer while a program reads it', async () => {
    const status = await lk('status --json');
    expect(JSON.parse(status.stdout)).toMatchObject({ pending: [{ version: '001' }] });
    expect(status.stderr).toContain('from the configuration\n');
    const dryRun = await lk('up --dry-run');
    expect(dryRun.stdout).toContain('begin;');
    expect(dryRun.stdout).not.toContain('from the');
    const up = await lk('up --json');
    expect(JSON.parse(up.stdout)).toMatchObject({ applied: [{ version: '001' }] });
    for (const text of ['from the configuration', 'from the file', 'from up', 'from the stream'])
      expect(up.stderr).toContain(`${text}\n`);
    const down = await lk('down --json');
    expect(JSON.parse(down.stdout)).toMatchObject({ applied: [{ version: '001' }] });
    expect(down.stderr).toContain('from down\n');
  });

  it('stays out of the answer that tells a failure', async () => {
    project.write(
      'migrations/002_broken.mjs',
      `export function up() { console.log('on my way'); throw new Error('no'); }`,
    );
    const { code, stdout, stderr } = await lk('up --json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'MIGRATION_FAILED' } });
    expect(stderr).toContain('on my way\n');
  });

  it('is printed where it always was when a person reads', async () => {
    expect((await lk('up')).stdout).toContain('from up\nfrom the stream\n');
  });
});

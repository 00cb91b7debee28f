import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/index.js';
import { connectionOf, problemsOf, project, row } from './project.js';

const lines = String.raw`# a comment:*:*:*:no
db.example:6543:d:u:exact
db.example:*:d:u:any-port
db.example:*:*:colon\:user:back\\slash\:and colon:too
::1:*:*:*:wrong-because-not-escaped
\:\:1:5432:*:*:ipv6
localhost:*:sock:*:socket
*:*:last:*:everyone
short:line
`;

function fileOf(text: string, mode = 0o600): string {
  const root = project({ '.pgpass': text });
  chmodSync(`${root}/.pgpass`, mode);
  return `${root}/.pgpass`;
}

describe.skipIf(process.platform === 'win32')('a password file', () => {
  it.each<[string, string | null]>([
    ['postgres://u@db.example:6543/d', 'exact'],
    ['postgres://u@db.example/d', 'any-port'],
    ['postgres://colon%3Auser@db.example/x', String.raw`back\slash:and colon:too`],
    ['postgres://u@[::1]/x', 'ipv6'],
    ['postgres://u@/sock?host=/tmp', 'socket'],
    ['postgres://u@anywhere/last', 'everyone'],
    ['postgres://u@anywhere/d', null],
    ['postgres://u:own@db.example/d', 'own'],
  ])('gives the password of the first line that fits: %s', async (url, password) => {
    const config = await resolveConfig({ cwd: project(), url, variables: { PGPASSFILE: fileOf(lines) } });
    expect(connectionOf(config).password).toBe(password);
  });

  it('is looked for in the home folder, and where the url says', async () => {
    const home = project({ '.pgpass': '*:*:*:*:at-home', other: '*:*:*:*:elsewhere' });
    chmodSync(`${home}/.pgpass`, 0o600);
    chmodSync(`${home}/other`, 0o600);
    const variables = { HOME: home };
    const config = await resolveConfig({ cwd: project(), url: 'postgres://u@h/d', variables });
    expect(connectionOf(config).password).toBe('at-home');
    expect(row(config, 'password')?.value).toBe(`*** (from ${home}/.pgpass)`);
    const url = `postgres://u@h/d?passfile=${home}/other`;
    expect(connectionOf(await resolveConfig({ cwd: project(), url, variables })).password).toBe('elsewhere');
  });

  it('comes after PGPASSWORD', async () => {
    const variables = { PGPASSFILE: fileOf(lines), PGPASSWORD: 'variable' };
    const config = await resolveConfig({ cwd: project(), url: 'postgres://u@db.example/d', variables });
    expect(connectionOf(config).password).toBe('variable');
  });

  it('that others can read is refused, but only where it is needed', async () => {
    const variables = { PGPASSFILE: fileOf(lines, 0o644) };
    const [problem] = await problemsOf(
      resolveConfig({ cwd: project(), url: 'postgres://u@db.example/d', variables }),
    );
    expect(problem).toContain('can be read by others');
    const unused = await resolveConfig({ cwd: project(), url: 'postgres://u@anywhere/d', variables });
    expect(connectionOf(unused).password).toBeNull();
  });
});

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment } from './cli.js';
import type { ForeignSide } from './foreign-side.js';
import { toolsFolder } from './tools.js';

const libraries = join(toolsFolder, 'liquibase/node_modules/liquibase/dist/liquibase/internal/lib');

const missing = ((): string | null => {
  if (spawnSync('java', ['-version']).status !== 0) return 'Java is not there';
  return existsSync(libraries) ? null : 'not installed: npm ci in test/tools/liquibase';
})();

/** Why the real Liquibase cannot be asked on this machine; null where it can. */
export const liquibaseMissing: string | null = missing;

/** For the title of tests that are left out without it. */
export const withLiquibase = missing === null ? 'with the real Liquibase' : `without Liquibase (${missing})`;

/** Runs a command of Liquibase in a project, on a database. Gives what it says behind its banner. */
export async function runLiquibase(
  words: readonly string[],
  { project, url }: Pick<ForeignSide, 'project' | 'url'>,
): Promise<string> {
  const { hostname, port, pathname, username, password } = new URL(url);
  const connection = [
    `--url=jdbc:postgresql://${hostname}:${port}${pathname}`,
    `--username=${decodeURIComponent(username)}`,
    `--password=${decodeURIComponent(password) || 'none'}`,
  ];
  const program = 'liquibase.integration.commandline.LiquibaseCommandLine';
  const child = spawn('java', ['-cp', `${libraries}/*`, program, ...words, ...connection], {
    cwd: project.dir,
    env: cleanEnvironment(),
    timeout: 120_000,
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`liquibase ${words.join(' ')} ended with ${code}: ${said}`);
  return said.slice(said.indexOf('Liquibase Open Source'));
}

/** All of Liquibase's table but who wrote it, when, and in which run. */
export async function changelogRows({ database }: ForeignSide): Promise<readonly unknown[]> {
  return await database.query(
    `select id, author, filename, orderexecuted, exectype, md5sum, description, comments, tag, contexts, labels,
  length(deployment_id) as deployment from databasechangelog order by orderexecuted`,
  );
}

// Measures Lockkeeper against its floor, against psql and against today's tools. `npm run bench -- --help` lists the options.
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bareNode,
  bundleFloor,
  floorContestant,
  observers,
  ours,
  oursSynchronous,
  oursTypeScript,
  program,
  psqlContestant,
  resumed,
  starts,
} from './contestants.mjs';
import { createMeasure, findTimer } from './measure.mjs';
import { readOptions, usage } from './options.mjs';
import { countVerdicts, promises, renderReport } from './report.mjs';
import { mountPrivateFs } from './private-fs.mjs';
import { installRivals, installedVersion, rivals, typescriptRivals } from './rivals.mjs';
import { listScenarios } from './scenarios.mjs';
import { BenchServer, findPrograms, findPsql } from './server.mjs';
import { Stage } from './stage.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const options = readOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else await main();

async function main() {
  const began = Date.now();
  const rivalProblem = options.rivals?.length === 0 || options.list ? null : installRivals();
  // The server's user must be able to reach its folder.
  const work = mkdtempSync(join(tmpdir(), 'lockkeeper-bench-'));
  chmodSync(work, 0o755);
  try {
    const programs = findPrograms(options.postgres, work);
    const psql = findPsql(programs);
    const scenarios = listScenarios({ cast: await castOf(work, psql, rivalProblem), options });
    if (options.list) console.log(scenarios.map(({ id, rounds }) => `${id} (${rounds} rounds)`).join('\n'));
    else await measureAll({ began, work, programs, psql, scenarios, rivalProblem });
  } finally {
    if (!options.keep) rmSync(work, { recursive: true, force: true });
  }
}

async function castOf(work, psql, rivalProblem) {
  const wanted = ({ key }) =>
    rivalProblem === null && (options.rivals === null || options.rivals.some((part) => key.includes(part)));
  return {
    node: bareNode,
    starts,
    ours,
    oursSynchronous,
    resumed,
    observers,
    typescript: oursTypeScript,
    floor: floorContestant(await bundleFloor(work)),
    psql: psql === null ? null : psqlContestant(psql),
    rivals: rivals.filter(wanted),
    typescriptRivals: typescriptRivals.filter(wanted),
  };
}

async function measureAll({ began, work, programs, psql, scenarios, rivalProblem }) {
  if (!existsSync(program)) throw new Error('dist/cli/main.js is missing: run `npm run build` first.');
  const built = statSync(program).mtimeMs;
  const timer = findTimer();
  const opened = [];
  closeOnSignal(() => closeAll(opened), work);
  const server = await openServer({ programs, work, opened });
  const stage = new Stage({ server, measure: createMeasure(timer, work), work });
  try {
    for (const scenario of scenarios) await stage.run(scenario);
  } finally {
    await closeAll(opened);
  }
  const run = {
    options,
    rebuilt: !existsSync(program) || statSync(program).mtimeMs !== built,
    records: stage.records,
    failures: stage.failures,
    load: stage.load,
    timer: timer.name,
    settings: `\`autovacuum = off\`, no Unix socket${options['private-fs'] ? '; an ext4 file system of its own' : ''}`,
    minutes: (Date.now() - began) / 60_000,
    versions: versionsOf(server, psql),
    rivalProblem: rivalProblem === null ? null : clean(rivalProblem, work).slice(-600),
    clean: (text) => clean(text, work),
  };
  publish(run);
}

/** Each thing that is opened says at once how it is closed again. */
async function openServer({ programs, work, opened }) {
  try {
    if (options['private-fs']) opened.push(mountPrivateFs(join(work, 'server')));
    const server = new BenchServer(programs, work);
    opened.push(() => server.stop());
    await server.start();
    return server;
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function closeAll(opened) {
  while (opened.length > 0) await opened.pop()();
}

/** What was started is stopped also when the bench is interrupted. */
function closeOnSignal(close, work) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      void close().then(() => {
        if (!options.keep) rmSync(work, { recursive: true, force: true });
        process.exit(130);
      });
    });
  }
}

function publish(run) {
  const report = renderReport(run);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(run, null, 1)}\n`);
  const out =
    options.out ?? (options.complete ? fileURLToPath(new URL('RESULTS.md', import.meta.url)) : null);
  if (out !== null) writeFileSync(out, report);
  console.log(out === null ? report : promises(run));
  const { passed, missed } = countVerdicts(run);
  console.log(
    `\n${passed} targets met, ${missed} missed, ${run.failures.length} failures, ${run.minutes.toFixed(1)} minutes.`,
  );
}

function versionsOf(server, psql) {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: repository, encoding: 'utf8' });
  const own = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  const named = [...new Set([...rivals, ...typescriptRivals].map((rival) => rival.package))];
  const installed = named
    .map((name) => [name, installedVersion(name)])
    .filter(([, version]) => version !== null);
  return {
    Lockkeeper: commit.status === 0 ? `${own} (commit ${commit.stdout.trim()})` : own,
    Node: process.versions.node,
    PostgreSQL: server.version,
    ...(psql === null
      ? {}
      : { psql: execFileSync(psql, ['--version'], { encoding: 'utf8' }).match(/[\d.]+/)[0] }),
    ...(options.rivals?.length === 0 ? {} : Object.fromEntries(installed)),
  };
}

/** Messages of failures name folders of this machine, which mean nothing to a reader. */
function clean(text, work) {
  return text.replaceAll(work, '<work>').replaceAll(repository, '<project>/');
}

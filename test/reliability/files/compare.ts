import { tempProject, type TestServer } from '../../support/database.js';
import { runLockkeeper } from './contestant.js';
import { render, type GeneratedFile } from './generate.js';
import { judge, type Comparison, type Verdict } from './judge.js';
import { runPsql } from './oracle.js';
import { createStage, type Stage } from './stage.js';

/** After so many files the catalogs have grown enough for new databases to be cheaper. */
const filesPerStage = 250;

/** Runs files on two databases, with psql on one and with Lockkeeper on the other. */
export class Comparer {
  readonly #server: TestServer;
  readonly #project = tempProject({ 'migrations/.keep': '', 'psql/.keep': '' });
  #stages: readonly [Stage, Stage] | null = null;
  #files = 0;

  constructor(server: TestServer) {
    this.#server = server;
  }

  async compare(file: GeneratedFile): Promise<Verdict> {
    return judge(await this.#run(file));
  }

  /** The smallest file that still differs, by leaving out pieces. */
  async shrink(
    file: GeneratedFile,
  ): Promise<{ readonly file: GeneratedFile; readonly comparison: Comparison }> {
    let smallest = file;
    for (let index = smallest.pieces.length - 1; index >= 0 && smallest.pieces.length > 1; index--) {
      const candidate = { ...smallest, pieces: smallest.pieces.filter((_, at) => at !== index) };
      if ((await this.compare(candidate)).kind === 'different') smallest = candidate;
    }
    return { file: smallest, comparison: await this.#run(smallest) };
  }

  async close(): Promise<void> {
    for (const stage of this.#stages ?? []) await stage.database.drop();
    this.#stages = null;
    this.#project.remove();
  }

  async #run(file: GeneratedFile): Promise<Comparison> {
    const [theirs, ours] = await this.#open();
    // The schema's name is in the file, so a repetition removes what the last one left.
    const schema = `f${file.number}`;
    for (const stage of [theirs, ours]) await stage.prepare(schema);
    const bytes = render(file);
    this.#project.write('psql/file.sql', bytes);
    const before = await ours.look(schema);
    const [psql, outcome] = await Promise.all([
      runPsql(theirs.database.url, `${this.#project.dir}/psql/file.sql`, {
        single: file.style === 'one',
        schema,
        cwd: `${this.#project.dir}/psql`,
      }),
      runLockkeeper(ours, this.#project, bytes, schema),
    ]);
    const [afterPsql, afterOurs] = await Promise.all([theirs.look(schema), ours.look(schema)]);
    if (/^. public\./m.test(afterPsql + afterOurs) || afterPsql.includes('prepared ')) await this.#renew();
    return {
      style: file.style,
      serverMajor: this.#server.major,
      text: Buffer.from(bytes).toString('utf8'),
      psql,
      ours: outcome,
      before,
      afterPsql,
      afterOurs,
    };
  }

  async #open(): Promise<readonly [Stage, Stage]> {
    if (this.#files++ % filesPerStage === filesPerStage - 1) await this.#renew();
    this.#stages ??= [await createStage(this.#server), await createStage(this.#server)];
    return this.#stages;
  }

  async #renew(): Promise<void> {
    for (const { client, database } of this.#stages ?? []) {
      const { rows } = await client.query<{ gid: string }>('select gid from pg_prepared_xacts where database = current_database()'); // prettier-ignore
      for (const { gid } of rows) await client.query(`rollback prepared '${gid.replaceAll("'", "''")}'`);
      await database.drop();
    }
    this.#stages = null;
  }
}

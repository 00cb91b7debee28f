import type { Client, QueryResultRow } from 'pg';
import {
  ConnectionEnded,
  endsConnection,
  Message,
  type MessageOutcome,
  type WireConnection,
} from './message.js';

/** What is known of the session and its server since the first round trip. */
export interface SessionInfo {
  /** What the server says: pg_backend_pid(). */
  readonly pid: number;
  /** True where the process id sent at login is another one: something stands between (ENGINE A4). */
  readonly proxied: boolean;
  /** server_version_num, e.g. 180004. */
  readonly version: number;
  readonly major: number;
  readonly versionText: string;
  readonly database: string;
  readonly user: string;
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  /** How long a waiting session lets an autovacuum stand in its way (deadlock_timeout). */
  readonly deadlockTimeoutMs: number;
}

/** Oids and pids in the journal mean something only where system identifier and database oid are the same (ENGINE 18). */
export interface SessionIdentity {
  readonly pid: number;
  /** Seconds since the epoch, whatever TimeZone and DateStyle say; with `pid` it names the backend for ever. */
  readonly backendStart: string;
  readonly databaseOid: number;
  readonly systemIdentifier: string;
}

export interface ServerNotice {
  readonly severity: string;
  readonly message: string;
  readonly code: string;
  /** Index, within the message now running, of the statement it belongs to. */
  readonly statement: number;
}

/** One connection, used by one verb. It is never reconnected silently: what it held is gone with it. */
export class Session implements AsyncDisposable {
  readonly client: Client;
  readonly info: SessionInfo;
  /** SET statements that restore the baseline after RESET ALL; empty where RESET ALL does it. */
  readonly restore: string;
  #lost: Error | null = null;
  /** The messages on their way, the one that is being answered first. */
  readonly #running: Message[] = [];
  #identity: SessionIdentity | null = null;

  constructor(client: Client, info: SessionInfo, restore: string) {
    this.client = client;
    this.info = info;
    this.restore = restore;
    client.on('error', (error) => {
      this.#lost ??= error;
    });
    client.on('end', () => {
      this.#lost ??= new Error('The server closed the connection.');
    });
  }

  /** Why the connection is gone; null while it lives. */
  get lost(): Error | null {
    return this.#lost;
  }

  /** `I` idle, `T` in a transaction, `E` in a failed one (ReadyForQuery, protocol manual). */
  get transactionStatus(): 'I' | 'T' | 'E' | null {
    return (
      this.client as Client & { getTransactionStatus(): 'I' | 'T' | 'E' | null }
    ).getTransactionStatus();
  }

  onNotice(listener: (notice: ServerNotice) => void): () => void {
    const handler = (notice: {
      severity?: string | undefined;
      message?: string | undefined;
      code?: string | undefined;
    }): void => {
      listener({
        severity: notice.severity ?? 'NOTICE',
        message: notice.message ?? '',
        code: notice.code ?? '',
        statement: this.#running[0]?.completed ?? 0,
      });
    };
    this.client.on('notice', handler);
    return () => void this.client.off('notice', handler);
  }

  /**
   * Sends one message of one or many statements and drops their rows. A message that is sent while another is under
   * way goes to the server at once, and is answered behind it.
   * @throws {MessageRefused} the server refused one; {@link ConnectionEnded} when the connection is gone.
   */
  async send(text: string, copyData: string | null = null): Promise<MessageOutcome> {
    if (this.#lost !== null) throw new ConnectionEnded(this.#lost);
    const message = new Message(text, copyData);
    if (this.#running.length > 0) message.writeTo(this.wire);
    this.#running.push(message);
    this.client.query(message);
    try {
      return await message.outcome;
    } finally {
      this.#running.shift();
    }
  }

  /** What is written to the server meanwhile goes out in one piece. */
  together<Value>(write: () => Value): Value {
    const { stream } = this.wire;
    stream.cork();
    try {
      return write();
    } finally {
      stream.uncork();
    }
  }

  /**
   * Does something with the driver, which tells the end of a connection in several ways, as one kind of error.
   * @throws {ConnectionEnded} and whatever the work throws.
   */
  async watched<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#lost !== null) throw new ConnectionEnded(this.#lost);
    try {
      return await work();
    } catch (error) {
      if (endsConnection(error)) this.#lost ??= error as Error;
      if (this.#lost === null) throw error;
      throw error instanceof ConnectionEnded ? error : new ConnectionEnded(this.#lost);
    }
  }

  /**
   * The driver reports a refusal before the server is ready again, and until then `transactionStatus` is that of the
   * message before. An empty message, which is answered in a failed transaction as well, waits for it.
   */
  async #asked<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await this.watched(work);
    } catch (error) {
      if (this.#lost === null) await this.send('').catch(() => {}); // what counts is the error that came first
      throw error;
    }
  }

  /** One query of ours with parameters. */
  async query<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const answer = await this.#asked(() => this.client.query<Row>(text, [...values]));
    return answer.rows;
  }

  /** The same for one that is asked again and again on this session: it is planned once, under a name. */
  async queryPrepared<Row extends QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const answer = await this.#asked(() => this.client.query<Row>({ name, text, values: [...values] }));
    return answer.rows;
  }

  /** Many queries of ours without parameters in one round trip: the rows of each, as arrays of text. */
  async queryMany(text: string): Promise<readonly (readonly Row[])[]> {
    const answer: unknown = await this.#asked(() => this.client.query({ text, rowMode: 'array' }));
    const list = (Array.isArray(answer) ? answer : [answer]) as { command: string; rows: Row[] }[];
    return list.filter((result) => result.command === 'SELECT').map((result) => result.rows);
  }

  /** The driver remembers what it has prepared under a name; behind DEALLOCATE ALL that is not there any more. */
  forgetPrepared(): void {
    const { parsedStatements, submittedNamedStatements } = this.wire as WireConnection & {
      parsedStatements: Record<string, string>;
      submittedNamedStatements: Record<string, string>;
    };
    for (const known of [parsedStatements, submittedNamedStatements])
      for (const name of Object.keys(known)) delete known[name];
  }

  /** SETs the part of the baseline that the startup packet did not carry. Never behind a transaction pool. */
  async applyBaseline(): Promise<void> {
    if (this.restore !== '') await this.query(this.restore);
  }

  /** What names this backend and this database for ever; read only where the journal needs it. */
  async identity(): Promise<SessionIdentity> {
    this.#identity ??= await readIdentity(this);
    return this.#identity;
  }

  /** Leaves whatever transaction there is, failed or not. Nothing on a connection that is gone. */
  async rollBack(): Promise<void> {
    if (this.#lost === null && this.transactionStatus !== 'I') await this.send('rollback');
  }

  get wire(): WireConnection {
    return (this.client as Client & { connection: WireConnection }).connection;
  }

  async end(): Promise<void> {
    if (this.#lost !== null) return;
    await this.client.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

export type Row = readonly (string | number | boolean | null)[];

async function readIdentity(session: Session): Promise<SessionIdentity> {
  const rows = await session.query<{ start: string; oid: string; system: string }>(/* sql */ `
    select
      (select extract(epoch from backend_start)::text from pg_stat_get_activity(pg_backend_pid())) as start,
      (select oid::text from pg_database where datname = current_database()) as oid,
      (select system_identifier::text from pg_control_system()) as system`);
  const row = rows[0];
  return {
    pid: session.info.pid,
    backendStart: row?.start ?? '',
    databaseOid: Number(row?.oid ?? 0),
    systemIdentifier: row?.system ?? '',
  };
}

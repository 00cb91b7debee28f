import type { Blocker } from '../../core/blocker.js';
import type { Context } from '../../core/context.js';
import { withFullStop } from '../../core/text.js';
import { type Session, sqlstate } from '../../pg/index.js';
import type { RunOptions } from '../options.js';
import type { Lookout } from './lookout.js';
import type { Memory, Turn, Watched } from './turn.js';

/** A step that runs for this long is looked at; most are done long before. */
const patienceMs = 300;
const tickMs = 100;
/** A worker that waits for no lock is looked at less often. */
const calmMs = 450;
/** How long a second connection may take; without an answer there is none. */
const openWithinMs = 2000;
/** Its queries end by statement_timeout (2 s); a connection that is silent for longer is dead. */
const lookWithinMs = 5000;
/** A second connection that could not be had, or was lost, is tried again. */
const openAgainMs = 30_000;

export interface WatchOptions {
  readonly context: Context;
  readonly workerPid: number;
  readonly options: Pick<RunOptions, 'observer' | 'cancelBlockersAfterMs'>;
  readonly openObserver: () => Promise<Session>;
}

/**
 * The second pair of eyes of a run. One timer for the whole of it; a second connection only when some step takes its
 * time. The run goes on without either: then nobody says who is in the way, and `isBlind` tells the steps to share out
 * their lock budget by themselves (ENGINE D20, E26).
 */
export class Watch {
  readonly #options: WatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #turn: Turn | null = null;
  #memory: Memory = newMemory();
  #lookout: Lookout | null = null;
  #looking: Promise<void> | null = null;
  #cancelling: Promise<void> | null = null;
  /** 2 when a cancel of ours was sent; it may still hit the message that was sent ahead, and nothing behind that. */
  #cancelled = 0;
  #nextLookAt = 0;
  #missing = false;
  readonly #said = new Set<string>();
  #stopped = true;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    if (!this.#options.options.observer) return;
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
  }

  /** Closes the second connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
    await this.#close();
  }

  /** There is no second connection, so nobody keeps the lock budget. */
  get isBlind(): boolean {
    return this.#missing || !this.#options.options.observer;
  }

  /** Who was seen in the way of the present step, or of the one that has just ended. */
  get blockers(): readonly Blocker[] {
    return [...this.#memory.blockers.values()];
  }

  /** How much of the lock budget the present transaction has used. */
  get spentMs(): number {
    return this.#memory.spentMs;
  }

  /** Whether something has not been said yet in this run. */
  firstTime(what: string): boolean {
    if (this.#said.has(what)) return false;
    this.#said.add(what);
    return true;
  }

  /** A transaction begins, so its budget is whole. */
  renewBudget(): void {
    this.#memory.spentMs = 0;
  }

  /**
   * A step, or another try of it, begins. Costs next to nothing: no timer, no query, and nothing to wait for unless
   * the step must be alone.
   */
  begin(subject: Watched, how: Omit<Turn, 'subject' | 'began'>): Promise<void> | null {
    // A look that is under way keeps the memory of its own step.
    const isClean = this.#memory.blockers.size === 0 && this.#looking === null;
    if (!how.again && !isClean) this.#memory = { spentMs: this.#memory.spentMs, blockers: new Map() };
    const turn = { ...how, subject, began: this.#options.context.now() };
    if (this.#cancelled > 0) this.#cancelled -= 1;
    if (how.alone) return this.#beginAlone(turn);
    this.#turn = turn;
    return null;
  }

  async #beginAlone(turn: Turn): Promise<void> {
    await this.#looking;
    await this.#close();
    this.#turn = turn;
  }

  /** It has ended. What it gives resolves when no cancel of ours can hit what comes next; null when none was sent. */
  end(): Promise<void> | null {
    this.#turn = null;
    return this.#cancelling?.catch(() => {}) ?? null; // said by whoever sent it
  }

  /** The step has failed and is being settled, which has limits of its own: from here on it is only looked at. */
  async suspendBudget(): Promise<void> {
    if (this.#turn !== null) this.#turn = { ...this.#turn, budgetMs: 0 };
    if (this.#cancelling !== null) await this.#cancelling.catch(() => {}); // said by whoever sent it
  }

  /** Whether a 57014 is ours. */
  isToBlame(state: string | null): boolean {
    return this.#cancelled > 0 && state === sqlstate.queryCanceled;
  }

  /** Whether a 57014 is ours: then the step has used up its budget. Asked once for each failure. */
  takesBlame(state: string | null): boolean {
    if (!this.isToBlame(state)) return false;
    this.#cancelled = 0;
    return true;
  }

  #tick(): void {
    const turn = this.#turn;
    if (turn === null || turn.alone || this.#looking !== null) return;
    const now = this.#options.context.now();
    if (now < this.#nextLookAt || (!turn.again && now - turn.began < patienceMs)) return;
    this.#looking = this.#look(turn).finally(() => {
      this.#looking = null;
    });
  }

  async #look(turn: Turn): Promise<void> {
    const isCurrent = (): boolean => this.#turn === turn;
    try {
      this.#lookout ??= await this.#open();
      if (!isCurrent()) return;
      const { spentMs } = this.#memory;
      const lookout = this.#lookout;
      const transaction = await within(lookout.look(turn, this.#memory, isCurrent), lookWithinMs, () =>
        lookout.cut(),
      );
      this.#nextLookAt = this.#memory.spentMs > spentMs ? 0 : this.#options.context.now() + calmMs;
      if (transaction === null || !isCurrent()) return;
      this.#cancelling = this.#cancel(lookout, transaction);
      await this.#cancelling;
    } catch (error) {
      await this.#goBlind(error);
    } finally {
      this.#cancelling = null;
    }
  }

  async #cancel(lookout: Lookout, transaction: string): Promise<void> {
    // Set before the query, since the worker may have heard it before we have the answer.
    this.#cancelled = 2;
    const told = within(lookout.cancelWorker(transaction), lookWithinMs, () => lookout.cut());
    if (!(await told)) this.#cancelled = 0;
  }

  async #open(): Promise<Lookout> {
    const { context, workerPid, options, openObserver } = this.#options;
    const { Lookout } = await import('./lookout.js');
    const opening = openObserver();
    const observer = await within(opening, openWithinMs, () => {
      opening.then((late) => late.end()).catch(() => {}); // nobody waits for it any more
    });
    this.#missing = false;
    const { cancelBlockersAfterMs } = options;
    return new Lookout({ context, observer, workerPid, cancelBlockersAfterMs });
  }

  /** Said once in a run, whatever the reason: nothing is guessed, and nothing fails by it. */
  async #goBlind(error: unknown): Promise<void> {
    const lives = this.#lookout !== null && this.#lookout.lost === null;
    this.#nextLookAt = this.#options.context.now() + (lives ? calmMs * 4 : openAgainMs);
    if (!lives) {
      this.#missing = true;
      await this.#close();
    }
    if (this.#stopped || !this.firstTime('observer')) return;
    const why = withFullStop(error instanceof Error ? error.message : String(error));
    this.#options.context.events.emit('warning', {
      code: lives ? 'observer-limited' : 'observer-missing',
      message: lives
        ? `What the server is doing cannot be seen: ${why}`
        : `There is no second connection to watch the run: ${why}`,
      hint: lives
        ? 'The run goes on without it.'
        : 'The run goes on without it: nobody can say who stands in the way, and each statement gets its share of lockTimeout. Leave room for one more connection, or give --no-observer.',
    });
  }

  async #close(): Promise<void> {
    const lookout = this.#lookout;
    this.#lookout = null;
    await lookout?.close();
  }
}

const newMemory = (): Memory => ({ spentMs: 0, blockers: new Map() });

async function within<Value>(promise: Promise<Value>, limitMs: number, give: () => void): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      give();
      reject(new Error(`No answer within ${limitMs / 1000} seconds.`));
    }, limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

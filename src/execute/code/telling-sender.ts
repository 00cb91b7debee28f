import type { Context } from '../../core/context.js';
import type { GuestAnswer } from '../../pg/index.js';
import type { Call } from './failure.js';
import type { Outgoing, Sender, Work } from './sent.js';

/** Tells somebody who collects it of everything that a function has sent, once it was answered. */
export class TellingSender implements Sender {
  readonly #sender: Sender;
  readonly #onSent: NonNullable<Context['onSent']>;

  constructor(sender: Sender, onSent: NonNullable<Context['onSent']>) {
    this.#sender = sender;
    this.#onSent = onSent;
  }

  async send(outgoing: Outgoing): Promise<GuestAnswer> {
    const answer = await this.#sender.send(outgoing);
    if (answer.error === null) this.#tell(outgoing.call, outgoing.query.values ?? []);
    return answer;
  }

  async work<Value>(call: Call, work: Work<Value>): Promise<Value> {
    const line = call.place?.line ?? null;
    return await this.#sender.work(call, () => work((text, values) => this.#onSent({ text, values, line })));
  }

  #tell(call: Call, values: readonly unknown[]): void {
    this.#onSent({ text: call.sql, values, line: call.place?.line ?? null });
  }
}

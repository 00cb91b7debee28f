import { type GuestAnswer, isPlainQuery } from '../../pg/index.js';
import { PlainSoFar } from '../../plan/plain.js';
import type { Call } from './failure.js';
import type { Outgoing, Sender } from './sent.js';

/** Notes whether everything that a function sends is plain: then it cannot have touched the session. */
export class PlainSender implements Sender {
  readonly #sender: Sender;
  readonly #seen = new PlainSoFar();
  #plain = true;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  get isPlain(): boolean {
    return this.#plain;
  }

  async send(outgoing: Outgoing): Promise<GuestAnswer> {
    const { query, pieces } = outgoing;
    // What is prepared under a name stays.
    const simple = isPlainQuery(query) && (query.name ?? '') === '';
    this.#plain &&= simple && pieces.every(({ traits }) => this.#seen.takes(traits));
    return await this.#sender.send(outgoing);
  }

  async work<Value>(call: Call, work: () => Promise<Value>): Promise<Value> {
    this.#plain = false;
    return await this.#sender.work(call, work);
  }
}

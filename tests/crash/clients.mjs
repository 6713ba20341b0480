// Clients who book, move and cancel without end, and write down what they asked and what they were told.
import fs from 'node:fs';
import { sleep } from '../harness/child.mjs';

/** mulberry32: small, and the same everywhere. */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class Crowd {
  /**
   * `slots` times are fought for; each client has a name of their own, and books once. So many of them `stay`, the others
   * cancel, so that there is something to fight for.
   */
  constructor(stack, { file, slots, seed, stay = 0.1 }) {
    Object.assign(this, { stack, file, slots, stay, draw: random(seed), people: 0, n: 0, tries: 0 });
    this.booked_at = []; // when each 201 of a booking came in
    this.journal = fs.openSync(file, 'a');
  }

  get booked() {
    return this.booked_at.length;
  }

  #write(entry) {
    fs.writeSync(this.journal, `${JSON.stringify(entry)}\n`);
  }

  /** One request, written down before and after; null when there was no answer. */
  async #ask(client, user, call, method, path, body) {
    const n = ++this.n;
    this.#write({ n, user, call, start: body?.start });
    try {
      const reply = await client.request(method, path, body);
      const { id, start, status: state } = reply.body ?? {};
      const told = reply.status < 300 ? { id, start, state } : { code: reply.body?.code };
      this.#write({ n, user, call, status: reply.status, ...told });
      return reply;
    } catch {
      return null;
    }
  }

  /** Asks until there is a definite answer, as a person would; null when the crowd goes home first. */
  async #insist(...request) {
    for (let tries = 1; !this.over; tries++) {
      const reply = await this.#ask(...request);
      if (reply && reply.status < 500) {
        this.tries = Math.max(this.tries, tries);
        if (reply.status === 201) this.booked_at.push(Date.now());
        return reply;
      }
      await sleep(20 + this.draw() * 80);
    }
    return null;
  }

  #slot() {
    return this.stack.slot(Math.floor(this.draw() * this.slots));
  }

  /** Resolves when the next client may come. */
  #turn() {
    this.next = Math.max(this.next + this.pause, Date.now());
    return sleep(this.next - Date.now());
  }

  async #life() {
    while (!this.over) {
      await this.#turn();
      const user = `guest-${++this.people}`;
      const client = this.stack.client(user, {}, { connections: 1 });
      const made = await this.#insist(client, user, 'create', 'POST', '/booking/create', {
        start: this.#slot(),
        duration_minutes: 30,
      });
      const path = made?.status < 300 && `/booking/${made.body.id}`;
      if (path && this.draw() < 0.5)
        await this.#insist(client, user, 'reschedule', 'PUT', `${path}/reschedule`, { start: this.#slot() });
      if (path && this.draw() >= this.stay)
        await this.#insist(client, user, 'cancel', 'PUT', `${path}/cancel`);
      client.close();
    }
  }

  /** Lets `count` clients loose, who are followed by others, `a_second` at most; `await crowd.goHome()` ends them. */
  start(count, a_second = Infinity) {
    Object.assign(this, { over: false, next: 0, pause: 1000 / a_second });
    this.lives = Array.from({ length: count }, () => this.#life());
  }

  async goHome() {
    this.over = true;
    await Promise.all(this.lives);
  }
}

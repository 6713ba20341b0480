// The Google stand-in as a test uses it: started, given orders, asked what happened.
import path from 'node:path';
import { Child } from './child.mjs';
import { ROOT, freePort, temporaryFolder } from './run_folder.mjs';

/** Faults after which a reply is no JSON. */
const SPOILING = ['garbage', 'empty'];
/** What the schema proxy says of those. */
const SPOILT = ['reply is not JSON', 'a reply body where the method answers none'];

export class Google {
  /** Starts the stand-in and, where SCHEMA_PROXY names one, the schema proxy in front of it. */
  static async start({ credentials = temporaryFolder('google'), stateFile, child = {} } = {}) {
    const google = new Google();
    const args = [path.join(ROOT, 'tests/google/google.mjs'), '--credentials', credentials];
    if (stateFile) args.push('--state', stateFile);
    google.child = new Child(process.execPath, args, { name: 'google', ...child });
    Object.assign(
      google,
      JSON.parse(await google.child.line((line) => line.startsWith('{'), 'its addresses')),
    );
    if (process.env.SCHEMA_PROXY) await google.#startProxy(process.env.SCHEMA_PROXY);
    return google;
  }

  async #startProxy(script) {
    const port = await freePort();
    this.proxy = new Child(process.execPath, [path.resolve(script), String(port), this.url], {
      name: 'schema-proxy',
    });
    await this.proxy.line((line) => line.startsWith('discovery proxy on'), 'its address');
    this.calendar_api = `http://127.0.0.1:${port}/calendar/v3`;
    this.findings_url = `http://127.0.0.1:${port}/_findings`;
  }

  /** A call of the control API (tests/google/README.md). */
  async order(verb, call, body) {
    const ask = () => fetch(`${this.control}/${call}`, { method: verb, body: body && JSON.stringify(body) });
    // A connection that it closed for having been idle, just when we asked: it has read nothing.
    const reply = await ask().catch((error) => {
      if (error.cause?.code !== 'UND_ERR_SOCKET') throw error;
      return ask();
    });
    const json = await reply.json();
    if (!reply.ok) throw new Error(`${verb} ${call}: ${json.error}`);
    return json;
  }

  settings(changes) {
    return this.order('POST', 'settings', changes);
  }
  fault(name, more = {}) {
    this.spoils ||= SPOILING.includes(name); // a reset forgets the journal
    return this.order('POST', 'faults', { fault: name, ...more });
  }
  heal() {
    return this.order('POST', 'heal');
  }
  journal(filter = {}) {
    return this.order('GET', `journal?${new URLSearchParams(filter)}`);
  }
  calls(method) {
    return this.journal({ type: 'call', method });
  }
  mails(filter = {}) {
    return this.journal({ type: 'mail', ...filter });
  }
  events(calendar) {
    return this.order('GET', `calendars/${calendar}/events`);
  }
  /** The events that are not deleted. */
  async live(calendar) {
    return (await this.events(calendar)).filter(({ status }) => status !== 'cancelled');
  }
  /** The coach is busy from `start` to `end`. */
  busy(calendar, start, end, more = {}) {
    return this.order('POST', `calendars/${calendar}/events`, { start, end, ...more });
  }
  /** The coach changes these fields of an event. */
  change(calendar, id, fields) {
    return this.order('PATCH', `calendars/${calendar}/events/${id}`, fields);
  }
  move(calendar, id, start, end, more = {}) {
    return this.change(calendar, id, { start, end, ...more });
  }
  remove(calendar, id, more = {}) {
    return this.order('DELETE', `calendars/${calendar}/events/${id}`, more);
  }

  /**
   * Stops it all; an error if the stand-in found a defect of its own or the schema proxy a fault in what was
   * said.
   */
  async stop() {
    let findings = [];
    if (this.proxy) {
      findings = await (await fetch(this.findings_url)).json();
      // A reply that was spoilt on order is no finding.
      const spoilt = this.spoils || (await this.journal()).some(({ fault }) => SPOILING.includes(fault));
      findings = findings.filter(({ x }) => !(spoilt && SPOILT.includes(x)));
      await this.proxy.stop('SIGKILL');
    }
    const defects = await this.journal({ type: 'defect' });
    await this.child.stop();
    if (findings.length) throw new Error(`the schema proxy found: ${JSON.stringify(findings, null, 1)}`);
    if (defects.length) throw new Error(`the stand-in failed: ${defects[0].error}`);
  }
}

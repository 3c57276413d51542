// Starts the sandbox and the portal for one walkthrough, and finds its secrets wherever they shouldn't be.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const TREE = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const PROGRAMS = process.env.HELDAWAY_TEST_PROGRAMS ?? path.join(TREE, 'target/debug');
const PATIENCE_MS = 60_000;

/** A started program: its first line of output as JSON, and all that it logs. */
class Program {
  constructor(name, args, environment = {}) {
    this.name = name;
    this.log = '';
    const env = { ...process.env, ...environment };
    // Started by hand, not by cargo: nothing is to be built here.
    delete env.CARGO;
    this.process = spawn(path.join(PROGRAMS, name), args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.process.stderr.on('data', (text) => (this.log += text));
    this.ended = once(this.process, 'exit');
  }

  async announced() {
    const lines = createInterface({ input: this.process.stdout });
    lines.on('line', (line) => (this.log += `${line}\n`));
    const first = once(lines, 'line').then(([line]) => JSON.parse(line));
    const late = new Promise((_, reject) => setTimeout(reject, PATIENCE_MS, new Error('said nothing')).unref());
    const gone = this.ended.then(([code]) => Promise.reject(new Error(`ended with ${code}`)));
    gone.catch(() => {});
    try {
      return await Promise.race([first, late, gone]);
    } catch (error) {
      throw new Error(`${this.name}: ${error.message}\n${this.log}`);
    }
  }

  async end(signal = 'SIGTERM') {
    this.process.kill(signal);
    await this.ended;
  }
}

/** A portal with a fresh database, and its institutions. `portal.kill()` and `portal.start()` leave the latter alone. */
export class Portal {
  static async open({ day } = {}) {
    const portal = new Portal();
    portal.day = day;
    portal.folder = await mkdtemp(path.join(tmpdir(), 'heldaway-e2e-'));
    portal.sandboxProgram = new Program('heldaway-sandbox', ['--port', '0', '--json', '--exit-with-parent']);
    try {
      portal.sandbox = (await portal.sandboxProgram.announced()).sandbox;
      await portal.start();
    } catch (error) {
      // A program that goes on would keep the walkthrough from ending.
      await portal.close();
      throw error;
    }
    return portal;
  }

  /** Starts the portal, the second time on the same port and folder. */
  async start() {
    const port = this.address ? new URL(this.address).port : '0';
    const args = ['demo', '--json', '--port', port, '--data', this.folder, '--sandbox', this.sandbox];
    if (this.day) args.push('--day', String(this.day));
    const environment = { HELDAWAY_LOG_LEVEL: 'trace', HELDAWAY_LOG_FORMAT: 'json', HELDAWAY_SERVER_METRICS_LISTEN: '' };
    this.program = new Program('heldaway', args, environment);
    const said = await this.program.announced();
    this.address = said.portal;
    this.invitation = said.invitation;
    this.client = said.client;
    this.advisor = said.advisor;
    this.logs = (this.logs ?? []).concat(this.program);
  }

  /** As a power cut would: no chance to tidy up. */
  async kill() {
    await this.program.end('SIGKILL');
  }

  async close() {
    await this.program?.end();
    await this.sandboxProgram.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Where `secrets` stand in the logs or in any file of the data folder (write-ahead log included). */
  async leaks(secrets) {
    const places = this.logs.map((program, index) => [`log ${index + 1}`, Buffer.from(program.log)]);
    for (const file of await readdir(this.folder)) {
      places.push([file, await readFile(path.join(this.folder, file))]);
    }
    return places.flatMap(([place, bytes]) =>
      secrets.filter((secret) => bytes.includes(secret)).map((secret) => `${place} holds ${secret}`),
    );
  }

  // --- the institutions -------------------------------------------------------------------------------------------

  async ask(method, address, body) {
    const response = await fetch(this.sandbox + address, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${address}: ${response.status}`);
    const text = await response.text();
    return text ? JSON.parse(text) : undefined;
  }

  /** Breaks an institution, such as `{ institution: 'evergreen', fault: 'http_503' }`. */
  breaks(fault) {
    return this.ask('POST', '/api/faults', fault);
  }

  heals() {
    return this.ask('DELETE', '/api/faults');
  }

  /** Lets the institutions' time pass. */
  passes(seconds) {
    return this.ask('POST', '/api/clock', { advance_seconds: seconds });
  }

  /** Does something to a login at an institution, such as `lock` or `change_password`. */
  acts(institution, login, act) {
    return this.ask('POST', `/api/personas/${institution}/${login}`, { act });
  }

  async counters(institution, login) {
    return (await this.ask('GET', '/api/counters')).personas[`${institution}/${login}`] ?? {};
  }

  /** The newest access code on the sandbox's phone page. */
  async code() {
    const page = await (await fetch(`${this.sandbox}/phone`)).text();
    const codes = page.replace(/<[^>]*>/g, ' ').match(/\b\d{6}\b/g);
    if (!codes) throw new Error('no code on the phone page');
    return codes[0];
  }
}

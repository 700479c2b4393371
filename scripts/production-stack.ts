import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Child } from '../dev/child.ts';
import { KeptAlive, type Running } from '../dev/kept-alive.ts';
import { killGroup, runCommand } from '../dev/run-command.ts';
import { elapsed, type Say } from '../dev/say.ts';
import { type ComposeService, composeFile, durationMs } from './production-compose.ts';
import { asUser, type Layout, type LongRunning, type OneShot, overrides } from './production-layout.ts';

const HEALTHY_MS = 120_000;
const COMMAND_MS = 180_000;
const LOOPBACK_ONLY = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];

/**
 * The services of docker-compose.yml without containers: their commands, environments, health checks, restart policies
 * and stop times, as an unprivileged user, with nothing of this process's own environment.
 */
export class Stack {
  readonly #layout: Layout;
  readonly #say: Say;
  #services: Record<string, ComposeService>;
  readonly #kept = new Map<LongRunning, KeptAlive>();
  readonly #children = new Map<LongRunning, Child>();

  /** @param variables what stands in `.env` */
  constructor(layout: Layout, variables: Readonly<Record<string, string>>, say: Say) {
    this.#layout = layout;
    this.#say = say;
    this.#services = composeFile(variables).services;
  }

  /** Takes another `.env`; what is started from now on gets it. */
  reconfigure(variables: Readonly<Record<string, string>>): void {
    this.#services = composeFile(variables).services;
  }

  /** Starts a service and waits until its health check passes; says how long that took. */
  async up(name: LongRunning): Promise<void> {
    const since = Date.now();
    const kept = new KeptAlive(await this.#launch(name), {
      name,
      say: this.#say,
      start: () => this.#launch(name),
    });
    this.#kept.set(name, kept);
    await this.untilHealthy(name);
    this.#say(`${name}: healthy after ${((Date.now() - since) / 1000).toFixed(1)} s`);
  }

  /** Stops a service as Compose does; being killed after its `stop_grace_period` counts as an error. */
  async stop(name: LongRunning): Promise<void> {
    const since = Date.now();
    const kept = this.#kept.get(name);
    this.#kept.delete(name);
    await kept?.stop();
    this.#say(`${name}: stopped in ${elapsed(Date.now() - since)}`);
  }

  /** Kills a service outright; the restart policy brings it back. */
  async crash(name: LongRunning): Promise<void> {
    const child = this.#children.get(name);
    killGroup(child?.pid, 'SIGKILL');
    this.#say(`${name}: killed (${await child?.ended})`);
  }

  /** Stops whatever runs, the last started first. */
  async down(): Promise<void> {
    for (const name of [...this.#kept.keys()].reverse()) await this.stop(name);
  }

  async untilHealthy(name: LongRunning): Promise<void> {
    for (const since = Date.now(); !(await this.healthy(name)); await delay(250)) {
      if (Date.now() - since < HEALTHY_MS) continue;
      throw new Error(`${name} does not become healthy:\n${await this.#children.get(name)?.logTail(20)}`);
    }
  }

  /** What the service's health check in docker-compose.yml says now. */
  async healthy(name: LongRunning): Promise<boolean> {
    const [, program = '', ...args] = this.#service(name).healthcheck?.test ?? [];
    // The images bring `nc`, this machine may not; -z is a connection and nothing else.
    if (program === 'nc') return accepts(Number(this.#layout.ports.FRONTEND_GRPC_PORT));
    return (await this.#run(name, [program, ...args])).ok;
  }

  /** Runs a one-shot service to its end. */
  async once(name: OneShot): Promise<void> {
    const [script = ''] = this.#service(name).command ?? [];
    const since = Date.now();
    const result = await this.#run(name, ['/bin/sh', join(this.#layout.root, script)]);
    assert.ok(result.ok, `${name}: ${result.problem}\n${result.output}`);
    this.#say(`${name}: done in ${((Date.now() - since) / 1000).toFixed(1)} s`);
  }

  /** `docker compose exec SERVICE COMMAND…`; what it wrote to its standard output. */
  async exec(name: LongRunning, command: string[]): Promise<string> {
    const [program = '', ...args] = asUser(this.#layout, command);
    const options = { env: this.#environment(name), cwd: join(this.#layout.root, 'app'), timeout: COMMAND_MS };
    return (await promisify(execFile)(program, args, { ...options, maxBuffer: 2 ** 24 })).stdout;
  }

  #service(name: string): ComposeService {
    const service = this.#services[name];
    assert.ok(service, `docker-compose.yml has no service ${name}`);
    return service;
  }

  #environment(name: LongRunning | OneShot): NodeJS.ProcessEnv {
    const { environment } = this.#service(name);
    const { replaced, added } = overrides(this.#layout)[name];
    for (const variable of Object.keys(replaced)) assert.ok(variable in environment, `${name} has no ${variable}`);
    const path = [join(this.#layout.root, 'bin'), this.#layout.postgresql, '/usr/bin', '/bin'].join(':');
    // A container has the home of its user, or `/`.
    return { PATH: path, HOME: '/', ...environment, ...replaced, ...added };
  }

  #run(name: LongRunning | OneShot, command: string[]): ReturnType<typeof runCommand> {
    const [program = '', ...args] = asUser(this.#layout, command);
    const env = this.#environment(name);
    return runCommand(program, args, { env, cwd: join(this.#layout.root, 'app'), timeoutMs: COMMAND_MS });
  }

  async #launch(name: LongRunning): Promise<Running> {
    const { root, postgresql, ports } = this.#layout;
    // The start commands of the two images that have none in docker-compose.yml.
    const ofImages: Partial<Record<LongRunning, string[]>> = {
      postgresql: [
        join(postgresql, 'postgres'),
        '-D',
        join(root, 'database'),
        ...LOOPBACK_ONLY,
        '-p',
        ports.postgresql,
      ],
      temporal: ['temporal-server', 'start'],
    };
    const command = this.#service(name).command ?? ofImages[name] ?? [];
    const [program = '', ...args] = asUser(this.#layout, ['env', `--chdir=${join(root, 'app')}`, ...command]);
    const child = await Child.start({
      name,
      command: program,
      args,
      env: this.#environment(name),
      logs: join(root, 'logs'),
    });
    this.#children.set(name, child);
    return { ended: child.ended, stop: () => this.#end(name, child) };
  }

  async #end(name: LongRunning, child: Child): Promise<void> {
    const grace = durationMs(this.#service(name).stop_grace_period ?? '10s');
    // The postgres image asks to be stopped by SIGINT, which does not wait for clients.
    if (name === 'postgresql' && child.pid !== undefined) {
      process.kill(child.pid, 'SIGINT');
      await Promise.race([child.ended, delay(grace, undefined, { ref: false })]);
    }
    const ending = await child.stop(grace);
    assert.notEqual(ending, 'SIGKILL', `${name} did not stop within its stop_grace_period`);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

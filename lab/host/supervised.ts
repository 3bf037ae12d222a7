/** A long-running program of the lab that is started again when it ends by itself. */
import { spawn, type ChildProcess } from "node:child_process";
import { open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** A program that dies sooner than this after its start waits before the next one. */
const settledAfterMilliseconds = 5_000;

export class Supervised {
  readonly name: string;
  readonly #command: readonly [string, ...string[]];
  readonly #logFile: string;
  #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #failure: string | undefined;

  /** `command` must stay in the foreground; its output goes to the end of `logFile`. */
  constructor(name: string, command: readonly [string, ...string[]], logFile: string) {
    this.name = name;
    this.#command = command;
    this.#logFile = logFile;
  }

  /** Starts the program; throws when it cannot be started at all. */
  async start(): Promise<void> {
    this.#stopping = new AbortController();
    await this.#spawn();
    this.#ended = this.#keep();
  }

  /** Ends the program and starts it again: for what it reads at its start alone. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  get running(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Why the program ended last, if it did. */
  get failure(): string | undefined {
    return this.#failure;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Waits until a question to the program is answered; throws why not after ten seconds. */
  async answers(ask: () => Promise<unknown>): Promise<void> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      try {
        await ask();
        return;
      } catch (error) {
        if (performance.now() > deadline)
          throw new Error(`${this.name} does not answer: ${this.#failure ?? String(error)}`, {
            cause: error,
          });
      }
      await delay(20);
    }
  }

  /** Ends the program; it stays so until it is started again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.signal("SIGTERM");
    await this.#ended;
  }

  async #spawn(): Promise<void> {
    const log = await open(this.#logFile, "a");
    try {
      const [program, ...args] = this.#command;
      const child = spawn(program, args, { stdio: ["ignore", log.fd, log.fd] });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", (error) => reject(new Error(`${this.name}: ${error.message}`)));
      });
      this.#child = child;
    } finally {
      await log.close();
    }
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const started = performance.now();
      const child = this.#child;
      if (child !== undefined && this.running) {
        await new Promise((resolve) => child.once("exit", resolve));
      }
      if (signal.aborted) return;
      this.#failure = `ended with ${String(child?.exitCode ?? child?.signalCode)}; see ${this.#logFile}`;
      if (performance.now() - started < settledAfterMilliseconds) {
        await delay(1_000, undefined, { signal }).catch(() => undefined);
      }
      if (!signal.aborted) await this.#spawn();
    }
  }
}

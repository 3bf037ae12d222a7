/** How far the lab's start has come. */
import { EventEmitter } from "node:events";

/** Emits `change` at each step, and when the start has ended. */
export class Startup extends EventEmitter {
  #state: "starting" | "ready" | "failed" = "starting";
  #step = "starting";

  get state(): "starting" | "ready" | "failed" {
    return this.#state;
  }

  /** What is being done, or what failed. */
  get step(): string {
    return this.#step;
  }

  begin(step: string): void {
    this.#step = step;
    this.emit("change");
  }

  finish(): void {
    this.#state = "ready";
    this.emit("change");
  }

  fail(reason: string): void {
    this.#state = "failed";
    this.#step = reason;
    this.emit("change");
  }
}

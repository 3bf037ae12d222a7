/** The seat's way to what a site's router has learned: pods, services and load balancers. */
import { spawn, type ChildProcess } from "node:child_process";
import { mustRun } from "../host/command.ts";

/** Number that iproute2 gives to routes of BIRD (rtnetlink(7)). */
const birdProtocol = "12";
/** Marks the routes that the seat has from here; free in iproute2's table of protocols. */
const seatProtocol = "208";

interface KernelRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly nexthops?: readonly unknown[];
}

/** What to change so that the seat's routes to a gateway are those that its router has learned. */
export function routeChanges(
  learned: readonly KernelRoute[],
  seat: readonly KernelRoute[],
  gateway: string,
): string[] {
  // Routes without a next hop are the router's own networks, and the seat keeps its own default.
  const wanted = new Set(
    learned
      .filter((route) => route.gateway !== undefined || route.nexthops !== undefined)
      .map((route) => route.dst)
      .filter((destination) => destination !== "default"),
  );
  const present = new Set(seat.filter((route) => route.gateway === gateway).map(({ dst }) => dst));
  return [
    ...[...wanted]
      .filter((dst) => !present.has(dst))
      .map((dst) => `route replace ${dst} via ${gateway} proto ${seatProtocol}`),
    ...[...present]
      .filter((dst) => !wanted.has(dst))
      .map((dst) => `route del ${dst} via ${gateway} proto ${seatProtocol}`),
  ];
}

/** Follows the routes of one router. */
export class LearnedRoutes {
  readonly #namespace: string;
  readonly #gateway: string;
  readonly #failed: (error: unknown) => void;
  #monitor: ChildProcess | undefined;
  #due = false;
  #working = false;

  constructor(namespace: string, gateway: string, failed: (error: unknown) => void) {
    this.#namespace = namespace;
    this.#gateway = gateway;
    this.#failed = failed;
  }

  /** Brings the seat up to date, then after each change of the router's table. */
  start(): void {
    const monitor = spawn("ip", ["-netns", this.#namespace, "monitor", "route"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    monitor.on("error", this.#failed);
    monitor.stdout.on("data", () => void this.#work());
    monitor.on("exit", (code, signal) => {
      if (signal === null) this.#failed(new Error(`ip monitor route: exit code ${String(code)}`));
    });
    this.#monitor = monitor;
    void this.#work();
  }

  stop(): void {
    this.#monitor?.kill("SIGTERM");
  }

  async #work(): Promise<void> {
    this.#due = true;
    if (this.#working) return;
    this.#working = true;
    try {
      while (this.#due) {
        this.#due = false;
        await this.#follow();
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#working = false;
    }
  }

  async #follow(): Promise<void> {
    const show = ["-j", "route", "show", "proto"];
    const learned = await mustRun("ip", ["-netns", this.#namespace, ...show, birdProtocol]);
    const seat = await mustRun("ip", [...show, seatProtocol]);
    const changes = routeChanges(parse(learned), parse(seat), this.#gateway);
    if (changes.length === 0) return;
    await mustRun("ip", ["-batch", "-"], { input: `${changes.join("\n")}\n` });
  }
}

function parse(json: string): KernelRoute[] {
  return json.trim() === "" ? [] : (JSON.parse(json) as KernelRoute[]);
}

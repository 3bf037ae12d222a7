/** Faults in force: what the lab's services are told to do wrong, so that a program can be rehearsed against it. */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { FaultEffectNow, FaultRequest, Faults } from "./faults.ts";

/** How a service misbehaves. */
const effect = z.discriminatedUnion("kind", [
  /** Answers as usual, after so many milliseconds. */
  z.strictObject({ kind: z.literal("delay"), milliseconds: z.int().min(1).max(3_600_000) }),
  /** Answers with an HTTP error, or ends a task with the message. */
  z.strictObject({
    kind: z.literal("fail"),
    status: z.int().min(400).max(599),
    /** Reason phrase and message of the answer. */
    message: z
      .string()
      .regex(/^[\x20-\x7e]+$/, "one line of printable ASCII")
      .default("fault injected by the lab"),
    /** Sent as `Retry-After`, in seconds. */
    retryAfterSeconds: z.int().min(0).max(3600).optional(),
  }),
  /** Closes the connection without an answer, as a dead or firewalled service does. */
  z.strictObject({ kind: z.literal("cut") }),
  /** Takes the request and never answers; the connection stays open. */
  z.strictObject({ kind: z.literal("hang") }),
  /** Does what was asked and closes the connection instead of answering. */
  z.strictObject({ kind: z.literal("lose") }),
  /** Serves so many requests a second and answers the others with 429. */
  z.strictObject({ kind: z.literal("rate"), perSecond: z.number().positive() }),
]);

/** One fault as the control API takes it. */
const faultRule = z
  .strictObject({
    /** Service that misbehaves. */
    service: z.enum([
      "proxmox",
      "proxmox.task",
      "mirrors",
      "tailscale",
      "cloudflare",
      "cloudflare.edge",
      "connect",
      "s3",
      "git",
      "healthchecks",
      "discord",
      /** The network of a machine that has just been started; a delay keeps it away for that long. */
      "machine",
    ]),
    /** Only this Proxmox node, this machine, or this name of the mirrors and APIs. */
    host: z.string().optional(),
    /** Only requests with this HTTP method. */
    method: z.string().toUpperCase().optional(),
    /** Only requests whose path contains this text; for a task `qmstart/121` and the like. */
    path: z.string().optional(),
    /** Ends after so many requests; without it the fault stays until it is removed. */
    times: z.int().min(1).optional(),
    effect,
  })
  .refine(
    ({ service, effect: { kind } }) =>
      service !== "proxmox.task" || (kind !== "lose" && kind !== "hang"),
    { path: ["effect"], error: "a task always ends with a status: it cannot be lost or hang" },
  )
  .refine(({ service, effect: { kind } }) => kind === "delay" || service !== "machine", {
    path: ["effect"],
    error: "a machine can only be delayed",
  });

export type FaultEffect = z.infer<typeof effect>;
export type FaultRule = z.infer<typeof faultRule>;
/** The same before defaults are filled in. */
export type FaultRuleInput = z.input<typeof faultRule>;

/** A fault in force: the number that removes it, and how many requests have met it. */
export type Fault = FaultRule & { readonly id: number; readonly met: number };

interface Entry {
  readonly id: number;
  readonly rule: FaultRule;
  met: number;
  /** Requests that a rate still allows, refilled as time passes. */
  tokens: number;
  refilledAt: number;
}

/** The faults in force. Kept in memory: a restarted lab works as it should. */
export class FaultRegistry implements Faults {
  #entries: Entry[] = [];
  #nextId = 1;
  readonly #now: () => number;

  /** `now` gives milliseconds of a monotonic clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Puts a fault in force; throws an error that names the field when the rule is malformed. */
  add(rule: unknown): Fault {
    const parsed = faultRule.safeParse(rule);
    if (!parsed.success) throw new Error(`fault: ${z.prettifyError(parsed.error)}`);
    const tokens =
      parsed.data.effect.kind === "rate" ? Math.max(1, parsed.data.effect.perSecond) : 0;
    const id = this.#nextId++;
    const entry: Entry = { id, rule: parsed.data, met: 0, tokens, refilledAt: this.#now() };
    this.#entries.push(entry);
    return describe(entry);
  }

  list(): Fault[] {
    return this.#entries.map(describe);
  }

  /** Ends one fault; false when there is none with this number. */
  remove(id: number): boolean {
    const before = this.#entries.length;
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
    return this.#entries.length < before;
  }

  /** Ends all faults of a service, or all there are. */
  clear(service?: string): void {
    this.#entries = this.#entries.filter(
      (entry) => service !== undefined && entry.rule.service !== service,
    );
  }

  /**
   * What to answer instead of serving a request. Delays of several faults add up; of the other effects the oldest
   * fault's counts.
   */
  async consult(service: string, request: FaultRequest): Promise<FaultEffectNow | undefined> {
    let milliseconds = 0;
    let answer: FaultEffectNow | undefined;
    for (const entry of [...this.#entries]) {
      if (!matches(entry.rule, service, request)) continue;
      if (entry.rule.effect.kind !== "delay" && answer !== undefined) continue;
      entry.met += 1;
      if (entry.met === entry.rule.times) this.remove(entry.id);
      if (entry.rule.effect.kind === "delay") milliseconds += entry.rule.effect.milliseconds;
      else answer = this.#answer(entry, entry.rule.effect);
    }
    if (milliseconds > 0) await delay(milliseconds);
    return answer;
  }

  #answer(
    entry: Entry,
    effect: Exclude<FaultEffect, { kind: "delay" }>,
  ): FaultEffectNow | undefined {
    switch (effect.kind) {
      case "fail":
        return {
          status: effect.status,
          body: effect.message,
          ...(effect.retryAfterSeconds === undefined
            ? {}
            : { retryAfterSeconds: effect.retryAfterSeconds }),
        };
      case "cut":
      case "hang":
      case "lose":
        return effect.kind;
      case "rate":
        return this.#allowed(entry, effect.perSecond)
          ? undefined
          : {
              status: 429,
              body: "too many requests",
              retryAfterSeconds: Math.ceil(1 / effect.perSecond),
            };
    }
  }

  /** Token bucket with room for one second's worth of requests. */
  #allowed(entry: Entry, perSecond: number): boolean {
    const now = this.#now();
    const refill = ((now - entry.refilledAt) / 1000) * perSecond;
    entry.tokens = Math.min(Math.max(1, perSecond), entry.tokens + refill);
    entry.refilledAt = now;
    if (entry.tokens < 1) return false;
    entry.tokens -= 1;
    return true;
  }
}

function describe(entry: Entry): Fault {
  return { ...entry.rule, id: entry.id, met: entry.met };
}

function matches(rule: FaultRule, service: string, request: FaultRequest): boolean {
  if (rule.service !== service) return false;
  if (rule.host !== undefined && rule.host !== request.host) return false;
  if (rule.method !== undefined && rule.method !== request.method.toUpperCase()) return false;
  return rule.path === undefined || request.path.includes(rule.path);
}

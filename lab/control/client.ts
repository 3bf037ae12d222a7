/** Client of the lab's control API. */
import { request, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { Fault, FaultRuleInput } from "../world/fault-registry.ts";
import type { HostChange } from "../world/host-conditions.ts";
import type { Mail } from "../world/mailbox.ts";
import type { RouterChange } from "./machine-settings.ts";
import type { LabStatus, ReadyLine } from "./status.ts";

/** Thrown when nothing answers at the socket: the lab is not running. */
export class LabNotRunning extends Error {
  override readonly name = "LabNotRunning";

  constructor() {
    super("the lab is not running; start it with `npm start` or `npm run lab -- start`");
  }
}

export class ControlClient {
  readonly #socket: string;

  /** `socket` is the path of the control API's Unix socket. */
  constructor(socket: string) {
    this.#socket = socket;
  }

  /** Resolves when the lab is ready, and calls `onStep` with what it waits for; throws what the start failed with. */
  async ready(onStep: (step: string) => void = () => undefined): Promise<void> {
    const response = await this.#open("GET", "/ready");
    for await (const text of createInterface({ input: response })) {
      const line = JSON.parse(text) as ReadyLine;
      if ("ready" in line) return;
      if ("error" in line) throw new Error(line.error);
      onStep(line.step);
    }
    throw new Error("the lab ended while it started");
  }

  status(): Promise<LabStatus> {
    return this.#ask("GET", "/status");
  }

  faults(): Promise<Fault[]> {
    return this.#ask("GET", "/faults");
  }

  addFault(rule: FaultRuleInput): Promise<Fault> {
    return this.#ask("POST", "/faults", rule);
  }

  removeFault(id: number): Promise<Fault[]> {
    return this.#ask("DELETE", `/faults/${id}`);
  }

  /** Ends the faults of one service, or all. */
  clearFaults(service?: string): Promise<Fault[]> {
    const query = service === undefined ? "" : `?service=${encodeURIComponent(service)}`;
    return this.#ask("DELETE", `/faults${query}`);
  }

  /** Mail that services have sent to an address, or to all, the newest last. */
  mail(to?: string): Promise<readonly Mail[]> {
    return this.#ask("GET", to === undefined ? "/mail" : `/mail?to=${encodeURIComponent(to)}`);
  }

  /** Cuts a machine's power. */
  async kill(vmid: number): Promise<void> {
    await this.#ask("POST", `/machines/${vmid}/kill`);
  }

  /** Switches a machine on. */
  async startMachine(vmid: number): Promise<void> {
    await this.#ask("POST", `/machines/${vmid}/start`);
  }

  /** Fills a machine's root disk to so many percent; 6 is what a sound one uses. */
  async setDiskUse(vmid: number, usedPercent: number): Promise<void> {
    await this.#ask("PUT", `/machines/${vmid}/disk`, { usedPercent });
  }

  /** Puts a machine's clock forward by so many seconds, or back by a negative number; 0 puts it right. */
  async setClock(vmid: number, offsetSeconds: number): Promise<void> {
    await this.#ask("PUT", `/machines/${vmid}/clock`, { offsetSeconds });
  }

  /** Lets so many days pass; gives the stacks' exported states dated back by as many. */
  async passTime(
    days: number,
    states: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    const answer = await this.#ask<{ states: Record<string, string> }>("POST", "/time", {
      days,
      states,
    });
    return answer.states;
  }

  /** Changes how a Proxmox host is: its power, its API, what corosync says of it, its membership. */
  async setHost(name: string, change: HostChange): Promise<void> {
    await this.#ask("PUT", `/hosts/${name}`, change);
  }

  /** Changes how a site's router filters. */
  async setRouter(site: string, change: RouterChange): Promise<void> {
    await this.#ask("PUT", `/routers/${site}`, change);
  }

  /** Gives Proxmox's token VM.Audit on these paths alone; `/` is all. */
  async setSight(vmAudit: readonly string[]): Promise<void> {
    await this.#ask("PUT", "/token", { vmAudit });
  }

  /** Resolves when machines and services have ended; throws when they have not within a minute. */
  async stop(): Promise<void> {
    await this.#ask("POST", "/stop", undefined, AbortSignal.timeout(60_000));
  }

  async #ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await this.#open(method, path, body, signal);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const answer: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if ((response.statusCode ?? 500) >= 400) throw new Error((answer as { error: string }).error);
    return answer as T;
  }

  #open(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text === undefined ? {} : { "content-type": "application/json" };
      const sent = request(
        { socketPath: this.#socket, method, path, headers, agent: false, signal },
        resolve,
      );
      sent.on("error", (error: NodeJS.ErrnoException) => {
        const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED";
        reject(absent ? new LabNotRunning() : new Error(`lab control ${path}: ${error.message}`));
      });
      sent.end(text);
    });
  }
}

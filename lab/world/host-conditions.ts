/** How the hosts of a Proxmox cluster are, and what the token may see: set from outside, obeyed by every call. */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { FaultEffectNow, FaultRequest, Faults } from "./faults.ts";

/** A host as the control API sets it; what is left out stays as it is. */
export const hostChange = z.strictObject({
  /** Off: its guests lose their power, its API is unreachable, and the others call it offline. */
  power: z.enum(["on", "off"]).optional(),
  /** Its API, pveproxy: that it answers, refuses connections, is unreachable, or hangs. */
  api: z.enum(["answers", "refuses", "unreachable", "hangs"]).optional(),
  /** What the others see of it by corosync, whatever its API does. */
  corosync: z.enum(["online", "offline"]).optional(),
  /**
   * `removed`: after `pvecm delnode`, while /etc/pve/nodes/HOST still has its guests. `cleared`: that folder is gone too,
   * and the host with its disks; `member` again is a host that was installed anew.
   */
  membership: z.enum(["member", "removed", "cleared"]).optional(),
});

export type HostChange = z.infer<typeof hostChange>;

/** What the token may see, as the control API sets it. */
export const tokenSight = z.strictObject({
  /** Paths on which it has VM.Audit: `/` or `/pool/NAME`. */
  vmAudit: z.array(z.string().startsWith("/")).min(1),
});

interface Condition {
  api: NonNullable<HostChange["api"]>;
  corosync: NonNullable<HostChange["corosync"]>;
  membership: NonNullable<HostChange["membership"]>;
}

/**
 * What an API that does not answer is to its own clients, and to those of another host, which passes the call on
 * (pve-http-server, AnyEvent.pm proxy_request). The statuses are AnyEvent::HTTP's own: 595 while the connection is made,
 * 596 from then until the answer's head has come.
 */
const silences = {
  refuses: { own: "cut", status: 595, body: "Connection refused", afterMs: 0 },
  unreachable: { own: "cut", status: 595, body: "No route to host", afterMs: 0 },
  hangs: { own: "hang", status: 596, body: "Connection timed out", afterMs: 30_000 },
} as const;

/** Kept in memory, as faults are: in a lab that was started anew all hosts are well. */
export class HostConditions implements Faults {
  readonly #hosts: ReadonlyMap<string, Condition>;
  readonly #faults: Faults;
  readonly #wait: (milliseconds: number) => Promise<unknown>;
  #vmAudit: readonly string[] = ["/"];

  /** `faults` meet what gets past; `wait` lets time pass, and tests replace it. */
  constructor(
    hosts: readonly string[],
    faults: Faults,
    wait: (milliseconds: number) => Promise<unknown> = delay,
  ) {
    this.#hosts = new Map(
      hosts.map((host) => [host, { api: "answers", corosync: "online", membership: "member" }]),
    );
    this.#faults = faults;
    this.#wait = wait;
  }

  /** @throws for a host that there is none of. */
  set(host: string, { power, api, corosync, membership }: HostChange): void {
    const condition = this.#hosts.get(host);
    if (condition === undefined) throw new Error(`there is no host ${host} in the lab`);
    if (power === "off") Object.assign(condition, { api: "unreachable", corosync: "offline" });
    if (power === "on") Object.assign(condition, { api: "answers", corosync: "online" });
    if (api !== undefined) condition.api = api;
    if (corosync !== undefined) condition.corosync = corosync;
    if (membership !== undefined) condition.membership = membership;
  }

  look(paths: readonly string[]): void {
    this.#vmAudit = paths;
  }

  /** Paths on which the token has VM.Audit. */
  get vmAudit(): readonly string[] {
    return this.#vmAudit;
  }

  isMember(host: string): boolean {
    return this.#hosts.get(host)?.membership === "member";
  }

  isOnline(host: string): boolean {
    return this.isMember(host) && this.#hosts.get(host)?.corosync === "online";
  }

  /** Whether most members see each other. */
  get quorate(): boolean {
    const members = [...this.#hosts.keys()].filter((host) => this.isMember(host));
    return members.filter((host) => this.isOnline(host)).length * 2 > members.length;
  }

  /** Whether the token sees a guest that is in this pool, or in none. */
  sees(pool: string | undefined): boolean {
    return this.#vmAudit.some((path) => path === "/" || path === `/pool/${pool ?? ""}`);
  }

  async consult(service: string, request: FaultRequest): Promise<FaultEffectNow | void> {
    const silence = service === "proxmox" ? await this.#silence(request) : undefined;
    return silence ?? this.#faults.consult(service, request);
  }

  async #silence({
    host,
    path,
    method,
  }: FaultRequest): Promise<Exclude<FaultEffectNow, "lose"> | undefined> {
    const asked = this.#hosts.get(host);
    if (asked?.membership !== "member") return "cut";
    if (asked.api !== "answers") return silences[asked.api].own;
    const target = /^\/api2\/json\/nodes\/([^/]+)\//.exec(path)?.[1] ?? host;
    const meant = this.#hosts.get(target);
    // A name that nobody knows is the routes' to refuse.
    if (meant === undefined) return undefined;
    // PVE/Cluster.pm remote_node_ip asks the resolver for a node that is no member (PVE/Network.pm).
    if (meant.membership !== "member") {
      const cause = `failed to get address info for: ${target}: Name or service not known`;
      return { status: 500, body: `hostname lookup '${target}' failed - ${cause}` };
    }
    if (meant.api !== "answers") {
      const { status, body, afterMs } = silences[meant.api];
      await this.#wait(afterMs);
      return { status, body };
    }
    // PVE/Cluster.pm check_cfs_quorum, before anything is written.
    if (method !== "GET" && !this.quorate)
      return { status: 500, body: "cluster not ready - no quorum?" };
    return undefined;
  }
}

/** A site's router: DNS for its LAN, and BGP as the stack's output says. */
import { access, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, run } from "../host/command.ts";
import { Supervised } from "../host/supervised.ts";
import type { SiteInventory } from "../world/inventory.ts";
import { baseConfig, bgpTable, checkConfig, type BgpSession, type LearnedRoute } from "./bird.ts";
import { bareAddress, dnsmasqConfig, machineHosts, type NamedMachine } from "./dns.ts";
import { LearnedRoutes } from "./learned-routes.ts";
import { routerNamespace } from "./links.ts";
import { resolves } from "./public-dns.ts";

export interface RouterPlace {
  /** Directory for generated configs. */
  readonly run: string;
  /** Directory for BIRD's control socket. */
  readonly sockets: string;
  readonly logs: string;
}

/**
 * Where a router's firewall looks: what sites announce to it. The rest leaves for the internet, whose answers take the shortest
 * way in the lab and pass the router at home.
 */
const announced = "10.0.0.0/8";

/** What a router is doing. */
export interface RouterStatus {
  readonly site: string;
  readonly addresses: readonly string[];
  /** `stack` once it runs what a stack gave it, `base` before. */
  readonly config: "stack" | "base";
  /** Why the stack's configuration is not in use, or what has failed. */
  readonly problem?: string;
  readonly sessions: readonly BgpSession[];
  /** What was learned over BGP: one for each peer that knows a destination. */
  readonly routes: readonly LearnedRoute[];
}

export class Router {
  readonly site: SiteInventory;
  readonly #bird: Supervised;
  readonly #dnsmasq: Supervised;
  readonly #learned: LearnedRoutes;
  readonly #birdConfig: string;
  readonly #birdSocket: string;
  readonly #dnsmasqConfig: string;
  readonly #machinesFile: string;
  readonly #namesFile: string;
  readonly #sites: readonly SiteInventory[];
  #applied = "";
  #configured: "stack" | "base" = "base";
  #problem: string | undefined;
  #hosts = "";
  #names = "";

  /** `sites` are all sites of the datacentre: routers ask each other for names. */
  constructor(site: SiteInventory, sites: readonly SiteInventory[], place: RouterPlace) {
    const namespace = routerNamespace(site);
    const file = (suffix: string): string => join(place.run, `${namespace}.${suffix}`);
    this.site = site;
    this.#sites = sites;
    this.#birdConfig = file("bird.conf");
    this.#birdSocket = join(place.sockets, `${namespace}.ctl`);
    this.#dnsmasqConfig = file("dnsmasq.conf");
    this.#machinesFile = file("hosts");
    this.#namesFile = file("names.conf");
    const inside = ["ip", "netns", "exec", namespace] as const;
    const log = (name: string): string => join(place.logs, `${namespace}-${name}.log`);
    this.#bird = new Supervised(
      `${namespace} bird`,
      [...inside, "bird", "-f", "-c", this.#birdConfig, "-s", this.#birdSocket, "-P", file("pid")],
      log("bird"),
    );
    this.#dnsmasq = new Supervised(
      `${namespace} dnsmasq`,
      [...inside, "dnsmasq", "--conf-file=" + this.#dnsmasqConfig],
      log("dnsmasq"),
    );
    this.#learned = new LearnedRoutes(namespace, site.gateway, (error) => {
      this.#problem = String(error);
    });
  }

  /** Starts DNS and BIRD; resolves when both answer. */
  async start(): Promise<void> {
    const config = dnsmasqConfig(this.site, this.#sites, this.#machinesFile, this.#namesFile);
    await writeFile(this.#dnsmasqConfig, config);
    await writeFile(this.#machinesFile, "");
    await writeFile(this.#namesFile, "");
    this.#applied = baseConfig(this.#routerId());
    await writeFile(this.#birdConfig, this.#applied);
    await rm(this.#birdSocket, { force: true });
    await Promise.all([this.#dnsmasq.start(), this.#bird.start()]);
    await Promise.all([
      this.#dnsmasq.answers(() => resolves(this.site.gateway)),
      this.#bird.answers(() => access(this.#birdSocket)),
    ]);
    this.#learned.start();
  }

  async stop(): Promise<void> {
    this.#learned.stop();
    await Promise.all([this.#dnsmasq.stop(), this.#bird.stop()]);
  }

  /**
   * Runs BIRD with a stack's configuration, or without BGP when there is none. One that BIRD refuses is not used:
   * the last good one stays, and `status` says why.
   */
  async configure(stackConfig: string | undefined): Promise<void> {
    const config = stackConfig ?? baseConfig(this.#routerId());
    if (config === this.#applied) {
      this.#problem = undefined;
      return;
    }
    const candidate = `${this.#birdConfig}.new`;
    const complaint = await checkConfig(candidate, config);
    if (complaint !== undefined) {
      this.#problem = `BIRD refuses the stack's configuration: ${complaint.replace(candidate, "line")}`;
      return;
    }
    await rename(candidate, this.#birdConfig);
    const answer = await mustRun("birdc", ["-s", this.#birdSocket, "configure"]);
    if (!/Reconfigur(ed|ation in progress)/.test(answer))
      throw new Error(`birdc: ${answer.trim()}`);
    this.#applied = config;
    this.#configured = stackConfig === undefined ? "base" : "stack";
    this.#problem = undefined;
  }

  /** Whether the router drops what belongs to no connection that it has seen both sides of. `guest` is the guest program. */
  async keepState(keeps: boolean, guest: string): Promise<void> {
    const filter = keeps ? ["stateful", announced] : ["none"];
    await mustRun("ip", [
      "netns",
      "exec",
      routerNamespace(this.site),
      guest,
      "firewall",
      ...filter,
    ]);
  }

  /** Names of the machines that run on this site. */
  async setMachines(machines: readonly NamedMachine[]): Promise<void> {
    const hosts = machineHosts(this.site, machines);
    if (hosts === this.#hosts) return;
    this.#hosts = hosts;
    await writeFile(this.#machinesFile, hosts);
    this.#dnsmasq.signal("SIGHUP");
  }

  /**
   * Gives dnsmasq the names that a stack wrote for it, and starts it anew as its manual wants. A text that it refuses is
   * not used: the last good one stays, and `status` says why.
   */
  async setNames(stackNames = ""): Promise<void> {
    if (stackNames === this.#names) return;
    const candidate = `${this.#namesFile}.new`;
    await writeFile(candidate, stackNames);
    const { code, stderr } = await run("dnsmasq", ["--test", `--conf-file=${candidate}`]);
    if (code !== 0) {
      this.#problem = `dnsmasq refuses the stack's names: ${stderr.replace(candidate, "line").trim()}`;
      return;
    }
    await rename(candidate, this.#namesFile);
    this.#names = stackNames;
    await this.#dnsmasq.restart();
    await this.#dnsmasq.answers(() => resolves(this.site.gateway));
  }

  async status(): Promise<RouterStatus> {
    const { sessions, routes } = this.#bird.running
      ? await bgpTable(this.#birdSocket)
      : { sessions: [], routes: [] };
    const down = [this.#bird, this.#dnsmasq].find((process) => !process.running);
    const problem =
      down === undefined ? this.#problem : `${down.name} ${down.failure ?? "is down"}`;
    const addresses = [this.site.gateway, ...this.site.routerAddresses.map(bareAddress)];
    const { name: site } = this.site;
    return { site, addresses, config: this.#configured, problem, sessions, routes };
  }

  #routerId(): string {
    return bareAddress(this.site.routerAddresses[0] ?? this.site.gateway);
  }
}

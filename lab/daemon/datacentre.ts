/** The datacentre at work: its services, its machines, and what follows from one for the other. */
import { join } from "node:path";
import { createMirrors, type Mirrors } from "../apis/mirrors/server.ts";
import type { HostChange } from "../world/host-conditions.ts";
import { createProxmox, type Proxmox } from "../apis/proxmox/server.ts";
import type { RouterChange } from "../control/machine-settings.ts";
import type { Startup } from "../control/startup.ts";
import type { InUse, LabStatus, MachineLine } from "../control/status.ts";
import type { LabPaths } from "../host/paths.ts";
import { readSettings } from "../host/settings.ts";
import { birdOutput, namesOutput, watchStacks, type StackState } from "../host/stacks.ts";
import { setClockOffset, setDiskUse } from "../machines/condition.ts";
import { createHypervisor, type LabHypervisor } from "../machines/hypervisor.ts";
import { lanDomain } from "../network/dns.ts";
import { buildNetwork } from "../network/links.ts";
import { Router } from "../network/router.ts";
import { openAuthority } from "../world/authority.ts";
import { apiTokenId, ensureCredentials } from "../world/credentials.ts";
import { FaultRegistry } from "../world/fault-registry.ts";
import { internetAddress, mirroredNames, sites, type SiteInventory } from "../world/inventory.ts";
import { Mailbox } from "../world/mailbox.ts";
import { createInternet, type LabInternet } from "./internet.ts";
import { withMachineFaults } from "./machine-faults.ts";
import { passTime } from "./passing-time.ts";
import { switchOn } from "./power.ts";
import { localServices } from "./services.ts";

/** Everything that runs inside the lab's namespaces, besides the API that controls it. */
export class Datacentre {
  readonly faults = new FaultRegistry();
  readonly mailbox = new Mailbox();
  readonly #paths: LabPaths;
  readonly #startup: Startup;
  readonly #since = new Date().toISOString();
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #routers = new Map<SiteInventory, Router>();
  readonly #proxmox = new Map<SiteInventory, Proxmox>();
  readonly #problems: string[] = [];
  #hypervisor: LabHypervisor | undefined;
  #mirrors: Mirrors | undefined;
  #internet: LabInternet | undefined;
  #plugins: readonly InUse[] = [];
  #stopping: Promise<void> | undefined;

  constructor(paths: LabPaths, startup: Startup) {
    this.#paths = paths;
    this.#startup = startup;
  }

  /** Brings everything up, in the order in which one needs the other. */
  async start(): Promise<void> {
    const { tools, plugins, charts } = await readSettings(this.#paths);
    this.#plugins = plugins.map(({ name, version, kind, path }) => ({
      name: `plugin ${name}`,
      kind,
      detail: `${version}, ${path}`,
    }));
    this.#startup.begin("building the network");
    await buildNetwork(sites);
    await this.#startRouters();
    this.#startup.begin("starting the mirrors");
    const authority = await openAuthority(this.#paths.ca);
    const mirrors = await createMirrors({
      address: internetAddress,
      tls: await authority.issue([...mirroredNames, internetAddress]),
      rke2Binary: tools.rke2,
      tailscaleBinary: tools.tailscale,
      repositories: tools.repositories,
      cacheDir: this.#paths.mirrorCache,
      faults: this.faults,
      logFile: join(this.#paths.logs, "mirrors.log"),
      chartsDir: charts,
    });
    this.#mirrors = mirrors;
    this.#closers.push(() => mirrors.close());
    const credentials = await ensureCredentials(this.#paths.state);
    this.#startup.begin("starting the internet's services");
    const internet = await createInternet({
      acme: tools.acme,
      paths: this.#paths,
      authority,
      credentials,
      faults: this.faults,
      deliver: (mail) => {
        this.mailbox.deliver(mail);
      },
      report: (error) => {
        this.#report(error);
      },
    });
    this.#internet = internet;
    this.#closers.push(() => internet.close());
    const machines = await createHypervisor({
      stateDir: this.#paths.machines,
      guestBinary: tools.guest,
      kubernetesBinDir: tools.kubernetesBin,
      podProgramsDir: tools.podPrograms,
      caFile: authority.certificateFile,
      onChange: () => void this.#namesChanged(),
    });
    const hypervisor = withMachineFaults(machines, this.faults, (error) => {
      this.#report(error);
    });
    this.#hypervisor = hypervisor;
    this.#closers.push(() => hypervisor.close());
    for (const site of sites) {
      this.#startup.begin(`starting the Proxmox hosts of ${site.name}`);
      const names = site.hosts.flatMap((host) => [
        host.address,
        host.name,
        `${host.name}.${lanDomain(site)}`,
      ]);
      const proxmox = await createProxmox({
        site,
        stateDir: join(this.#paths.hosts, site.name),
        hypervisor,
        apiToken: `${apiTokenId}=${credentials.apiTokenSecret}`,
        tls: await authority.issue(names),
        download: (url) => mirrors.download(url),
        faults: this.faults,
        sshAuthorizedKey: credentials.ssh.publicKey,
        logFile: join(this.#paths.logs, `proxmox-${site.name}.log`),
      });
      this.#proxmox.set(site, proxmox);
      this.#closers.push(() => proxmox.close());
    }
    await this.#namesChanged();
    await this.#followStacks();
  }

  /** Ends everything in reverse order. Machines keep their disks, and their hosts remember which ran. */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      for (const close of this.#closers.reverse()) await close();
    })();
    return this.#stopping;
  }

  async kill(vmid: number): Promise<void> {
    this.#site(vmid);
    await this.#hypervisor?.stop(vmid, { graceful: false, timeoutSeconds: 0, force: true });
  }

  async setDiskUse(vmid: number, usedPercent: number): Promise<void> {
    this.#site(vmid);
    await setDiskUse(join(this.#paths.machines, String(vmid)), usedPercent);
  }

  async setClock(vmid: number, offsetSeconds: number): Promise<void> {
    this.#site(vmid);
    await setClockOffset(join(this.#paths.machines, String(vmid)), offsetSeconds);
  }

  async passTime(
    days: number,
    states: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    return passTime(this.#paths.machines, days, states);
  }

  /** Changes how a Proxmox host is. */
  async setHost(host: string, change: HostChange): Promise<void> {
    for (const [site, proxmox] of this.#proxmox)
      if (site.hosts.some(({ name }) => name === host)) return proxmox.setHost(host, change);
    throw new Error(`there is no host ${host} in the lab`);
  }

  /** Changes how a site's router filters. */
  async setRouter(name: string, { stateful }: RouterChange): Promise<void> {
    const router = [...this.#routers.values()].find(({ site }) => site.name === name);
    if (router === undefined) throw new Error(`there is no router of ${name} in the lab`);
    await router.keepState(stateful, (await readSettings(this.#paths)).tools.guest);
  }

  /** Gives the token VM.Audit on these paths alone. */
  lookAt(paths: readonly string[]): void {
    for (const proxmox of this.#proxmox.values()) proxmox.lookAt(paths);
  }

  async switchOn(vmid: number): Promise<void> {
    const { site, host } = this.#site(vmid);
    const address = site.hosts.find(({ name }) => name === host)?.address;
    if (address === undefined) throw new Error(`machine ${vmid}: ${site.name} has no host ${host}`);
    await switchOn(this.#paths, address, host, vmid);
  }

  async status(): Promise<LabStatus> {
    return {
      since: this.#since,
      machines: this.#machines(),
      services: [...localServices(this.#paths), ...(this.#internet?.services() ?? [])],
      routers: await Promise.all([...this.#routers.values()].map((router) => router.status())),
      faults: this.faults.list(),
      inUse: [...this.#plugins, ...(this.#mirrors?.inUse() ?? [])],
      problems: this.#problems,
    };
  }

  async #startRouters(): Promise<void> {
    for (const site of sites) this.#routers.set(site, new Router(site, sites, this.#paths));
    this.#startup.begin("starting the routers");
    await Promise.all(
      [...this.#routers.values()].map(async (router) => {
        await router.start();
        this.#closers.push(() => router.stop());
      }),
    );
  }

  /** The lab plays the person who uploads the stack's output to the site's router. */
  async #followStacks(): Promise<void> {
    const ended = new AbortController();
    this.#closers.push(() => {
      ended.abort();
    });
    const changed = async (stacks: StackState[]): Promise<void> => {
      for (const [site, router] of this.#routers) {
        const outputs = stacks.find(({ name }) => name === site.name)?.outputs ?? {};
        await router.configure(birdOutput(outputs));
        await router.setNames(namesOutput(outputs));
      }
    };
    await watchStacks(this.#paths.pulumi, changed, (error) => this.#report(error), ended.signal);
  }

  async #namesChanged(): Promise<void> {
    try {
      for (const [site, router] of this.#routers) {
        const running = this.#hypervisor?.list() ?? [];
        const here = running.filter(({ definition }) => definition.nic.bridge === site.bridge);
        await router.setMachines(
          here.map(({ definition: { name, cloudInit } }) => ({ name, address: cloudInit.address })),
        );
      }
    } catch (error) {
      this.#report(error);
    }
  }

  #machines(): MachineLine[] {
    const running = this.#hypervisor?.list() ?? [];
    return [...this.#proxmox].flatMap(([site, proxmox]) =>
      proxmox.machines().map((machine) => {
        const { vmid, name, host, address } = machine;
        const boot = running.find(({ definition }) => definition.vmid === vmid)?.cloudInit;
        return {
          vmid,
          name,
          host,
          site: site.name,
          running: machine.running,
          address,
          cloudInit: boot?.status,
          problems: boot?.problems ?? [],
        };
      }),
    );
  }

  #site(vmid: number): { site: SiteInventory; host: string } {
    for (const [site, proxmox] of this.#proxmox) {
      const machine = proxmox.machines().find((candidate) => candidate.vmid === vmid);
      if (machine !== undefined) return { site, host: machine.host };
    }
    throw new Error(`there is no machine ${vmid} in the lab`);
  }

  #report(error: unknown): void {
    const text = `${new Date().toISOString()} ${error instanceof Error ? error.message : String(error)}`;
    console.error(text);
    this.#problems.push(text);
    if (this.#problems.length > 20) this.#problems.shift();
  }
}

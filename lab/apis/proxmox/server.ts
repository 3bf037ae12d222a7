import { X509Certificate } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { SiteInventory } from "../../world/inventory.ts";
import type { Hypervisor } from "../../machines/machine.ts";
import { noFaults } from "../../world/faults.ts";
import { openWeb, type Web, type WebOptions } from "../web/server.ts";
import { accessRoutes } from "./access.ts";
import { clusterRoutes } from "./cluster.ts";
import { haRoutes } from "./ha.ts";
import { HostConditions, type HostChange } from "../../world/host-conditions.ts";
import { LocalFiles } from "./local-files.ts";
import { mappingRoutes } from "./mapping.ts";
import { poolRoutes } from "./pools.ts";
import { parseProperties } from "./property-string.ts";
import type { Route } from "./route.ts";
import { hostNamed, type Download, type Site } from "./site.ts";
import { startHostSsh, type HostSsh, type ListenAddress } from "./ssh.ts";
import { keepsFiles, storageTypes } from "./storage-types.ts";
import { storageRoutes } from "./storage.ts";
import { openStore } from "./store.ts";
import { Tasks, taskRoutes } from "./tasks.ts";
import { Tokens } from "./tokens.ts";
import { parseNetwork } from "./vm-network.ts";
import { forget } from "./vm-create.ts";
import { resumeVms } from "./vm-power.ts";
import { VmQueues } from "./vm-queues.ts";
import { vmRoutes } from "./vm.ts";
import { proxmoxWeb } from "./web.ts";

/** One site's Proxmox cluster. */
export interface ProxmoxOptions extends Pick<WebOptions, "tls" | "faults" | "logFile"> {
  readonly site: SiteInventory;
  /** Folder of the site: `cluster.json` and one folder a host. */
  readonly stateDir: string;
  readonly hypervisor: Hypervisor;
  /** `user@realm!name=uuid`, with the documented role; people make others on the hosts. */
  readonly apiToken: string;
  /** Fetches what a host is told to download. */
  readonly download: (url: string) => Promise<Download>;
  /** OpenSSH public key that root of every host accepts. */
  readonly sshAuthorizedKey: string;
  /** One entry a host, in the inventory's order. Default: every host's address, port 8006. */
  readonly listen?: readonly ListenAddress[];
  /** SSH to the hosts: true for every host's address, port 22; addresses for a test. */
  readonly ssh?: boolean | readonly ListenAddress[];
}

/** A machine as the lab's status shows it. */
export interface MachineStatus {
  readonly vmid: number;
  readonly name: string;
  readonly host: string;
  readonly running: boolean;
  /** Static address without the prefix. */
  readonly address?: string;
  readonly mac?: string;
}

/** A running cluster. */
export interface Proxmox {
  /** `https://ADDRESS:PORT` of every host. */
  readonly endpoints: readonly string[];
  /** Where each host's sshd listens; empty without SSH. */
  readonly ssh: readonly ListenAddress[];
  machines(): MachineStatus[];
  /** Changes how a host is. @throws for a host that there is none of. */
  setHost(host: string, change: HostChange): Promise<void>;
  /** Gives the token VM.Audit on these paths alone. */
  lookAt(paths: readonly string[]): void;
  /** Resolves when no task runs any more. */
  idle(): Promise<void>;
  /** Closes the APIs and SSH; machines are the hypervisor's to end. */
  close(): Promise<void>;
}

/**
 * Serves a site's Proxmox API and SSH. What is kept in `stateDir` is there again at the next call,
 * and VMs that ran with `onboot` are started.
 * @throws when an address cannot be listened at, or sshd does not start.
 */
export async function createProxmox(options: ProxmoxOptions): Promise<Proxmox> {
  const site = openSite(options);
  const routes = routesOf(site);
  const { hosts } = options.site;
  const folders = hosts.map(({ name }) => join(options.stateDir, name));
  const tokens = new Tokens(options.apiToken, folders);
  const listen = options.listen ?? hosts.map(({ address }) => ({ address, port: 8006 }));
  const webs: Web[] = [];
  const sshds: HostSsh[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...webs.map((web) => web.close()), ...sshds.map((sshd) => sshd.close())]);
    await site.tasks.idle();
  };
  try {
    for (const [index, at] of listen.entries()) {
      const service = proxmoxWeb(hosts[index]?.name ?? "", routes, tokens);
      const { tls, logFile } = options;
      webs.push(await openWeb(service, { ...at, tls, faults: site.conditions, logFile }));
    }
    for (const [index, at] of sshAddresses(options).entries()) {
      const host = hosts[index];
      if (host === undefined) continue;
      const root = join(options.stateDir, host.name);
      const { sshAuthorizedKey: authorizedKey, logFile } = options;
      const place = { node: host.name, root, shared: sharedFolders(site.files, host.name) };
      sshds.push(await startHostSsh({ ...place, authorizedKey, listen: at, logFile }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  resumeVms(site);
  return {
    endpoints: webs.map(({ address, port }) => `https://${address}:${port}`),
    ssh: sshds.map((sshd) => sshd.at),
    machines: () => Object.values(site.store.state.vms).map((vm) => machineStatus(site, vm.vmid)),
    setHost: (host, change) => setHost(site, host, change),
    lookAt: (paths) => {
      site.conditions.look(paths);
    },
    idle: () => site.tasks.idle(),
    close,
  };
}

function openSite(options: ProxmoxOptions): Site {
  mkdirSync(options.stateDir, { recursive: true });
  const files = new LocalFiles(options.stateDir);
  for (const host of options.site.hosts) files.prepare(host.name);
  return {
    inventory: options.site,
    store: openStore(join(options.stateDir, "cluster.json")),
    tasks: new Tasks(options.faults ?? noFaults),
    hypervisor: options.hypervisor,
    files,
    queues: new VmQueues(),
    conditions: new HostConditions(
      options.site.hosts.map(({ name }) => name),
      options.faults ?? noFaults,
    ),
    fingerprint: new X509Certificate(options.tls.cert).fingerprint256,
    download: options.download,
  };
}

async function setHost(site: Site, host: string, change: HostChange): Promise<void> {
  site.conditions.set(host, change);
  const guests = Object.values(site.store.state.vms).filter(({ node }) => node === host);
  if (change.power === "off" || change.membership === "cleared")
    for (const { vmid } of guests)
      await site.hypervisor.stop(vmid, { graceful: false, timeoutSeconds: 0, force: true });
  if (change.membership === "cleared") {
    for (const vm of guests) {
      await site.hypervisor.destroy(vm.vmid);
      forget(site, vm);
    }
    // What all hosts share is not the host's.
    for (const file of site.files.list(host, "local")) site.files.remove(host, file);
  }
  if (change.power === "on") resumeVms(site, host);
}

/** Folders of the storages that all hosts share, by their path on a host. */
function sharedFolders(files: LocalFiles, node: string): Readonly<Record<string, string>> {
  const shared = storageTypes.filter((storage) => storage.shared && keepsFiles(storage));
  return Object.fromEntries(
    shared.map((storage) => [storage.settings["path"] ?? "", files.directory(node, storage)]),
  );
}

/** Every call that the lab's Proxmox answers. */
function routesOf(site: Site): Route[] {
  return [
    ...accessRoutes(site),
    ...clusterRoutes(site),
    ...taskRoutes(site.tasks),
    ...storageRoutes(site),
    ...vmRoutes(site),
    ...poolRoutes(site),
    ...haRoutes(site),
    ...mappingRoutes(site),
  ];
}

function sshAddresses({ ssh = true, site }: ProxmoxOptions): readonly ListenAddress[] {
  if (ssh === false) return [];
  return ssh === true ? site.hosts.map(({ address }) => ({ address, port: 22 })) : ssh;
}

function machineStatus(site: Site, vmid: number): MachineStatus {
  const vm = site.store.state.vms[vmid];
  if (vm === undefined) throw new Error(`no VM ${vmid}`);
  const { name, ipconfig0 = "", net0 } = vm.config;
  return {
    vmid,
    name: name ?? `VM ${vmid}`,
    host: hostNamed(site, vm.node).name,
    running: site.hypervisor.running(vmid),
    address: parseProperties(ipconfig0).get("ip")?.split("/")[0],
    mac: net0 === undefined ? undefined : parseNetwork(net0).mac,
  };
}

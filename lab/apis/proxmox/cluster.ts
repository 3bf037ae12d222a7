import ipaddr from "ipaddr.js";
import { lanBridge, type HostInventory } from "../../world/inventory.ts";
import { ApiError, parameterError } from "./api-error.ts";
import type { Route } from "./route.ts";
import { nodeOf, vmidOf, type Site } from "./site.ts";
import { storageTypes } from "./storage-types.ts";
import { memoryMiB } from "./machine-definition.ts";
import type { StoredVm } from "./store.ts";
import { vmSummary } from "./vm-summary.ts";

const mib = 1024 ** 2;
const gib = 1024 ** 3;

/** Release that the lab's hosts answer. */
export const proxmoxVersion = { version: "9.1.4", release: "9.1", repoid: "5ac30304265fbd8e" };

const startedAt = Date.now();
const uptime = (): number => Math.floor((Date.now() - startedAt) / 1000) + 1;

function usedMemory(site: Site, host: HostInventory): number {
  return Object.values(site.store.state.vms)
    .filter((vm) => vm.node === host.name && site.hypervisor.running(vm.vmid))
    .reduce((sum, vm) => sum + memoryMiB(vm) * mib, 2 * gib);
}

function nodeSummary(site: Site, host: HostInventory): Record<string, unknown> {
  return {
    node: host.name,
    id: `node/${host.name}`,
    type: "node",
    status: site.conditions.isOnline(host.name) ? "online" : "offline",
    cpu: 0,
    maxcpu: host.cores,
    mem: usedMemory(site, host),
    maxmem: host.memoryMiB * mib,
    disk: 8 * gib,
    maxdisk: 96 * gib,
    uptime: uptime(),
    level: "",
  };
}

/** Hosts that are in corosync.conf. */
function membersOf(site: Site): readonly HostInventory[] {
  return site.inventory.hosts.filter(({ name }) => site.conditions.isMember(name));
}

/** A guest's row with what its host reports of it. */
function reported(site: Site, vm: StoredVm): Record<string, unknown> {
  return {
    ...vmSummary(site, vm),
    id: `qemu/${vm.vmid}`,
    type: "qemu",
    node: vm.node,
    maxcpu: vmSummary(site, vm).cpus,
    template: vm.config.template === "1" ? 1 : 0,
    ...(vm.pool === undefined ? {} : { pool: vm.pool }),
  };
}

/**
 * The row of a guest whose host has reported nothing for five minutes (pmxcfs/status.c drops it then): its name and
 * figures are gone, pool and tags come from the cluster's file system (PVE/API2/Cluster.pm, API2Tools.pm
 * extract_vm_stats). The lab has no such five minutes.
 */
function remembered({ vmid, node, pool, config: { tags } }: StoredVm): Record<string, unknown> {
  return {
    ...{ id: `qemu/${vmid}`, vmid, node, type: "qemu", status: "unknown" },
    ...(tags === undefined ? {} : { tags }),
    ...(pool === undefined ? {} : { pool }),
  };
}

/** VMs, nodes, pools and storages of the whole cluster. */
function resources(site: Site, type: string | undefined): unknown[] {
  const vms = Object.values(site.store.state.vms)
    .filter((vm) => site.conditions.sees(vm.pool))
    .map((vm) => (site.conditions.isOnline(vm.node) ? reported(site, vm) : remembered(vm)));
  const members = membersOf(site);
  const nodes = members.map((host) => nodeSummary(site, host));
  const pools = Object.keys(site.store.state.pools).map((pool) => ({
    ...{ id: `/pool/${pool}`, pool, type: "pool" },
  }));
  const storages = members.flatMap((host) =>
    storageTypes
      .filter(({ nodes: places }) => places?.includes(host.name) !== false)
      .map((storage) => ({
        id: `storage/${host.name}/${storage.storage}`,
        type: "storage",
        node: host.name,
        storage: storage.storage,
        status: "available",
        plugintype: storage.type,
        content: storage.content.join(","),
        maxdisk: storage.totalBytes,
        shared: storage.shared ? 1 : 0,
      })),
  );
  if (type === "vm") return vms;
  if (type === "node") return nodes;
  if (type === "storage") return storages;
  if (type === undefined) return [...pools, ...vms, ...nodes, ...storages];
  throw parameterError({ type: `the lab has no resources of type '${type}'` });
}

function nextId(site: Site, wanted: string | undefined): string {
  const taken = site.store.state.vms;
  if (wanted !== undefined) {
    if (taken[vmidOf(wanted)] !== undefined)
      throw new ApiError(400, "Parameter verification failed.", {
        vmid: `VM ${wanted} already exists`,
      });
    return wanted;
  }
  let vmid = 100;
  while (taken[vmid] !== undefined) vmid += 1;
  return String(vmid);
}

/** The bridge with the host's address and gateway, and the card below it. */
function networkInterfaces(site: Site, host: HostInventory): unknown[] {
  const prefix = ipaddr.IPv4.parseCIDR(site.inventory.lan)[1];
  const common = { active: 1, autostart: 1, families: ["inet"], method6: "manual" };
  return [
    { ...common, iface: "nic0", type: "eth", method: "manual", exists: 1, priority: 3 },
    ...host.bridges
      .filter(({ name }) => name !== lanBridge)
      .map(({ name, mtu }) => ({
        ...common,
        iface: name,
        type: "bridge",
        method: "manual",
        mtu: String(mtu),
        bridge_ports: "",
      })),
    {
      ...common,
      iface: lanBridge,
      type: "bridge",
      method: "static",
      address: host.address,
      netmask: String(prefix),
      cidr: `${host.address}/${prefix}`,
      gateway: site.inventory.gateway,
      bridge_ports: "nic0",
      bridge_stp: "off",
      bridge_fd: "0",
      priority: 4,
    },
  ];
}

/** Version, nodes and what belongs to the whole cluster. */
export function clusterRoutes(site: Site): Route[] {
  return [
    { method: "GET", path: "version", parameters: [], handle: () => proxmoxVersion },
    {
      method: "GET",
      path: "cluster/nextid",
      parameters: ["vmid"],
      handle: (call) => nextId(site, call.parameters.text("vmid")),
    },
    {
      method: "GET",
      path: "cluster/resources",
      parameters: ["type"],
      handle: (call) => resources(site, call.parameters.text("type")),
    },
    {
      method: "GET",
      path: "cluster/status",
      parameters: [],
      handle: () => [
        {
          type: "cluster",
          id: "cluster",
          name: site.inventory.name,
          nodes: membersOf(site).length,
          quorate: site.conditions.quorate ? 1 : 0,
          version: 1,
        },
        ...membersOf(site).map((host, index) => ({
          type: "node",
          id: `node/${host.name}`,
          name: host.name,
          nodeid: index + 1,
          ip: host.address,
          online: site.conditions.isOnline(host.name) ? 1 : 0,
        })),
      ],
    },
    {
      method: "GET",
      path: "nodes",
      parameters: [],
      // Only this list carries the fingerprint, and the provider fails without it.
      handle: () =>
        membersOf(site).map((host) => ({
          ...nodeSummary(site, host),
          ssl_fingerprint: site.fingerprint,
        })),
    },
    {
      method: "GET",
      path: "nodes/:node/version",
      parameters: [],
      handle: (call) => {
        nodeOf(site, call);
        return proxmoxVersion;
      },
    },
    {
      method: "GET",
      path: "nodes/:node/status",
      parameters: [],
      handle: (call) => {
        const host = nodeOf(site, call);
        const used = usedMemory(site, host);
        const total = host.memoryMiB * mib;
        return {
          cpu: 0,
          cpuinfo: { cores: host.cores, cpus: host.cores, sockets: 1, model: "Lab CPU" },
          memory: { total, used, free: total - used },
          loadavg: ["0.00", "0.00", "0.00"],
          pveversion: `pve-manager/${proxmoxVersion.version}/${proxmoxVersion.repoid}`,
          uptime: uptime(),
        };
      },
    },
    {
      method: "GET",
      path: "nodes/:node/network",
      parameters: ["type"],
      handle: (call) => networkInterfaces(site, nodeOf(site, call)),
    },
    {
      method: "GET",
      path: "nodes/:node/time",
      parameters: [],
      handle: (call) => {
        nodeOf(site, call);
        const now = Math.floor(Date.now() / 1000);
        return { timezone: "UTC", time: now, localtime: now };
      },
    },
  ];
}

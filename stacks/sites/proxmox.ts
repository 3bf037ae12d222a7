/** Machines of two sites on one Proxmox cluster. */
import { machineMac } from "../../components/proxmox/mac.ts";
import { snippetName } from "../../components/proxmox/vm-args.ts";
import type { SiteFile } from "../open-site.ts";
import { reserveGiB } from "../parts/machines/capacity.ts";
import type { SiteConfig } from "../schema.ts";
import { disjoint, type Claim, type Clash, type Judge } from "./rule.ts";
import { shareProxmox } from "./shared.ts";

type Machine = SiteConfig["machines"][number];

/** Something that each machine has. */
const ofMachines =
  (key: string, value: (machine: Machine, site: string) => string) =>
  ({ name, config }: SiteFile): readonly Claim[] =>
    config.machines.map((machine, i) => ({
      path: `homelab:machines[${i}].${key}`,
      value: value(machine, name),
    }));

const onOneCluster = { meet: shareProxmox };

export const vmIds: Judge = disjoint({
  ...onOneCluster,
  of: ofMachines("vmId", ({ vmId }) => `the VM id ${vmId}`),
  why: "an id is there once in a Proxmox cluster. Choose another",
});

export const macs: Judge = disjoint({
  ...onOneCluster,
  of: ({ config: { machines } }) =>
    machines.flatMap((machine, i) => {
      // One that is made of the VM id differs as ids do.
      const path = `homelab:machines[${i}].${machine.mac === undefined ? "vmId" : "mac"}`;
      return [{ path, value: `the MAC address ${machineMac(machine)}` }];
    }),
  why: "a switch would send one machine's packets to the other. Choose another",
});

/** Names of the files join site and machine: `home` with `a-node` and `home-a` with `node` would share one. */
export const snippets: Judge = disjoint({
  ...onOneCluster,
  of: ofMachines("name", ({ name }, site) => `the cloud-init file ${snippetName(site, name)}`),
  why: "one site would write over the other's. Choose another name",
});

/** Objects of the whole cluster, which a stack makes and takes away again. */
export const objects: Judge = disjoint({
  ...onOneCluster,
  of: ({ config: { proxmox } }) => [
    { path: "homelab:proxmox.pool", value: `the pool ${proxmox.pool}` },
    ...(["pci", "usb"] as const).flatMap((kind) =>
      proxmox[`${kind}Mappings`].map(({ name }, i) => ({
        path: `homelab:proxmox.${kind}Mappings[${i}].name`,
        value: `the ${kind.toUpperCase()} mapping ${name}`,
      })),
    ),
  ],
  why: "each stack makes its own, and takes it away when it is destroyed. Choose another name",
});

/** A host carries the machines of both. */
export const memory: Judge = (one, other) =>
  shareProxmox(one, other)
    ? one.config.proxmox.hosts.flatMap((host, i): readonly Clash[] => {
        const j = other.config.proxmox.hosts.findIndex(({ name }) => name === host.name);
        const described = [host, other.config.proxmox.hosts[j]].find(
          (each) => each?.memoryGiB !== undefined,
        );
        if (j === -1 || described?.memoryGiB === undefined) return [];
        const available = described.memoryGiB - reserveGiB(described, described.memoryGiB);
        const [mine, theirs] = [onHost(one, host.name), onHost(other, host.name)];
        if (mine === 0 || theirs === 0 || mine + theirs <= available) return [];
        const path = (index: number): string => `homelab:proxmox.hosts[${index}]`;
        return [
          {
            at: { site: one.name, path: path(i) },
            against: { site: other.name, path: path(j) },
            text: `machines of both ask ${host.name} for ${mine} and ${theirs} GiB, and ${Math.max(0, available)} are left of ${described.memoryGiB} after a reserve for Proxmox itself; make machines smaller, or move one`,
          },
        ];
      })
    : [];

const onHost = ({ config: { machines } }: SiteFile, host: string): number =>
  machines
    .filter((machine) => machine.host === host)
    .reduce((sum, { memoryGiB }) => sum + memoryGiB, 0);

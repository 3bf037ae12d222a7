import { isIP } from "node:net";
import { contains } from "../../../components/network/cidr.ts";
import { poolNetworks } from "../../../components/network/pool.ts";
import type { Problem } from "../../../components/problem.ts";
import { isIn } from "../../../components/names/names.ts";
import { releaseOf } from "../../../components/rke2/version-step.ts";
import { checkLed } from "../../config/store-checks.ts";
import type { SiteConfig } from "../../schema.ts";
import { runsPods } from "../machines/nodes.ts";
import { cronProblem } from "./schedule.ts";

/** The cluster can keep quorum, has somewhere to run pods, and its schedule can be read. */
export function checkCluster(config: SiteConfig, stack: string): readonly Problem[] {
  return [
    ...release(config),
    ...quorum(config),
    ...workloads(config),
    ...schedule(config),
    ...store(config, stack),
    ...lanCard(config),
    ...kubeletArgs(config),
    ...registries(config),
  ];
}

function quorum(config: SiteConfig): readonly Problem[] {
  const count = config.machines.filter((machine) => machine.role === "server").length;
  if ([1, 3, 5, 7].includes(count)) return [];
  // On the way from three to one or from five to three: machines leave one in an up.
  if (config.allowRemove.length > 0 && [2, 4, 6].includes(count)) return [];
  const text =
    count === 0
      ? "no machine has role `server`; give 1, 3 or 5 of them that role"
      : count % 2 === 0
        ? `${count} servers cannot keep quorum any better than ${count - 1}; use 1, 3 or 5 ` +
          "(homelab:allowRemove lets servers leave one after the other)"
        : `${count} servers slow etcd down; use 1, 3, 5 or 7`;
  return [{ path: "homelab:machines", text }];
}

function workloads(config: SiteConfig): readonly Problem[] {
  if (config.machines.some(runsPods)) return [];
  return [
    {
      path: "homelab:machines",
      text: "no machine runs ordinary pods; set `workloads: true` on a server or add an agent, without a taint that keeps them off",
    },
  ];
}

/** Whatever the image: cloud-init calls a machine's cards eth0, eth1, ... (`nocloud_network` in qemu-server's Cloudinit.pm). */
function lanCard({ cluster }: SiteConfig): readonly Problem[] {
  const name = cluster.kubeVip.interface;
  if (name === "eth0") return [];
  const text = `the machines' card on the LAN is eth0, and ${name} has neither \`vip\` nor the nodes' addresses; remove it`;
  return [{ path: "homelab:cluster.interface", text }];
}

/** Flags that the program or RKE2 sets itself. */
const ownedFlags = [
  "node-ip",
  "node-labels",
  "register-with-taints",
  "cluster-dns",
  "cluster-domain",
  "kubeconfig",
  "config",
  "config-dir",
  "container-runtime-endpoint",
  "hostname-override",
  "root-dir",
];

/** Of a /24 Cilium keeps some for itself: the first and the last, the node's own and the health check's. */
const mostPods = 250;

function kubeletArgs({ cluster, machines }: SiteConfig): readonly Problem[] {
  const places = [
    { path: "homelab:cluster.kubeletArgs", flags: cluster.kubeletArgs },
    ...machines.map(({ kubeletArgs: flags }, i) => ({
      path: `homelab:machines[${i}].kubeletArgs`,
      flags,
    })),
  ];
  return places.flatMap(({ path, flags }) => [
    ...Object.keys(flags)
      .filter((flag) => ownedFlags.includes(flag))
      .map((flag) => ({
        path: `${path}.${flag}`,
        text: "is set from other parts of the config or by RKE2; remove it here",
      })),
    ...(Number(flags["max-pods"] ?? 0) <= mostPods
      ? []
      : [
          {
            path: `${path}.max-pods`,
            text: `${flags["max-pods"] ?? ""} pods find no addresses: each node has a /24 of homelab:network.pods; use ${mostPods} at most`,
          },
        ]),
  ]);
}

/** An entry says something, and what it says of its registry can be known of it. */
function registries({ cluster }: SiteConfig): readonly Problem[] {
  return Object.entries(cluster.registries).flatMap(([name, { endpoints, login, ca }]) => {
    if (endpoints.length > 0 || login !== undefined || ca !== undefined) return [];
    const text = "says nothing; give it endpoints, a login or a ca, or remove it";
    return [{ path: `homelab:cluster.registries.${name}`, text }];
  });
}

function schedule(config: SiteConfig): readonly Problem[] {
  const text = cronProblem(config.cluster.snapshots.schedule);
  return text === undefined ? [] : [{ path: "homelab:cluster.snapshots.schedule", text }];
}

/** The first releases of older minors that know all settings of config.ts: `git grep` over the tags of rancher/rke2. */
const oldestPatches = new Map([
  [31, 12],
  [32, 8],
  [33, 4],
]);

/** RKE2 skips a setting that it does not know: with older ones an ingress controller comes, and snapshots are kept otherwise. */
function release({ cluster }: SiteConfig): readonly Problem[] {
  const [minor = 0, patch = 0] = releaseOf(cluster.version) ?? [];
  const oldest = oldestPatches.get(minor) ?? 0;
  if (minor >= 31 && patch >= oldest) return [];
  const better = minor < 31 ? "v1.31.12" : `v1.${minor}.${oldest}`;
  const text = `${cluster.version} does not know \`ingress-controller\` or \`etcd-s3-retention\`, and skips what it does not know; use ${better}+rke2r1 or newer`;
  return [{ path: "homelab:versions.rke2", text }];
}

/** A store for snapshots must outlive the cluster. */
function store(config: SiteConfig, stack: string): readonly Problem[] {
  const { s3 } = config.cluster.snapshots;
  if (s3 === undefined) return [];
  const { protocol, hostname } = new URL(s3.endpoint);
  const path = "homelab:cluster.snapshots.s3";
  return [
    ...(isOwn(config, stack, hostname)
      ? [
          {
            path: `${path}.endpoint`,
            text: "is in the cluster itself, and lost with it; use a store on another machine",
          },
        ]
      : []),
    ...(protocol === "http:" && s3.ca !== undefined
      ? [{ path: `${path}.ca`, text: "has no use with an http address; use https" }]
      : []),
    ...checkLed(config, "homelab:cluster.snapshots", s3),
  ];
}

/** Whether a host's name or address is of the cluster, its services or its machines, by which a server means itself too. */
function isOwn({ cluster, machines, network, site }: SiteConfig, stack: string, host: string) {
  if (isIP(host) === 4) {
    const { pods, services, loadBalancers } = network;
    const networks = [pods, services, ...poolNetworks(loadBalancers), "127.0.0.0/8"];
    return (
      [cluster.vip, ...machines.map(({ address }) => address)].includes(host) ||
      networks.some((cidr) => contains(cidr, host))
    );
  }
  const names = [stack, ...machines.map(({ name }) => name)];
  return (
    [...names, ...names.map((name) => `${name}.${site.domain}`), "localhost"].includes(host) ||
    isIn(network.clusterDomain, host) ||
    host.endsWith(".svc")
  );
}

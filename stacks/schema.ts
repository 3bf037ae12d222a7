import { z } from "zod";
import { cidr4, domain, ipv4, label } from "./config/forms.ts";
import { apps, edge } from "./parts/edge/schema.ts";
import { proxmox } from "./parts/proxmox/schema.ts";
import { onePassword } from "./parts/secrets/schema.ts";
import { tailnet } from "./parts/tailnet/schema.ts";

/** The site's own networks and names. */
export const site = z
  .strictObject({
    domain: domain.describe("DNS domain of the site; machines are called NAME.DOMAIN"),
    lan: cidr4.describe("LAN of hosts and machines, in CIDR form"),
    gateway: ipv4.describe("Default gateway of the LAN"),
    dns: z
      .array(ipv4)
      .min(1)
      .optional()
      .describe("DNS servers of the machines; the gateway when left out"),
  })
  .describe("Networks and names of the site");

const machine = z.strictObject({
  name: label.describe("Name of the VM and of the Kubernetes node"),
  host: label.describe("Proxmox node that carries it; a change replaces the machine"),
  vmId: z.int().min(100).max(999_999_999).describe("Proxmox VM id; a change replaces the machine"),
  address: ipv4.describe("Static address on the LAN"),
  role: z.enum(["server", "agent"]).describe("RKE2 role: `server` runs the control plane and etcd"),
  workloads: z.boolean().default(true).describe("Whether a server also runs ordinary pods"),
  cores: z.int().min(2).default(4).describe("Virtual CPU cores"),
  memoryMiB: z.int().min(2048).default(8192).describe("Memory in MiB"),
  diskGb: z.int().min(16).default(64).describe("Root disk in GB; it can grow, never shrink"),
  extraDisks: z
    .array(
      z.strictObject({
        sizeGb: z.int().positive().describe("Size in GB"),
        datastore: z
          .string()
          .min(1)
          .optional()
          .describe("Datastore; `proxmox.datastores.disks` when left out"),
      }),
    )
    .max(13)
    .default([])
    .describe("Blank disks for storage: scsi1, scsi2, ... in this order"),
  mac: z
    .string()
    .regex(/^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/, "use six hex pairs with colons")
    .optional()
    .describe("MAC address; derived from site and VM id when left out"),
  tags: z.array(label).default([]).describe("Further Proxmox tags"),
  labels: z
    .record(z.string().min(1), z.string())
    .default({})
    .describe("Kubernetes labels of the node"),
  pci: z.array(label).default([]).describe("Names of `proxmox.pciMappings` to pass through"),
  ha: z
    .strictObject({
      maxRestart: z
        .int()
        .min(0)
        .max(10)
        .default(1)
        .describe("Restarts on the same host before it moves"),
      maxRelocate: z.int().min(0).max(10).default(1).describe("Moves to another host"),
    })
    .optional()
    .describe("Puts the machine under Proxmox HA; needs shared storage"),
});

/** The machines of the site; the first server begins the cluster. */
export const machines = z
  .array(machine)
  .min(1)
  .describe("Virtual machines; the first server begins the cluster");

/** The RKE2 cluster. */
export const cluster = z
  .strictObject({
    version: z
      .string()
      .regex(
        /^v1\.\d+\.\d+\+rke2r\d+$/,
        "use a release of github.com/rancher/rke2 such as v1.35.4+rke2r1",
      )
      .describe("RKE2 release, for example v1.35.4+rke2r1"),
    vip: ipv4.describe(
      "Address of the control plane on the LAN; kube-vip moves it between servers",
    ),
    kubeVip: z
      .strictObject({
        version: z
          .string()
          .regex(/^v\d+\.\d+\.\d+$/, "use a release such as v1.0.4")
          .describe("kube-vip release"),
        interface: z
          .string()
          .min(1)
          .max(15)
          .default("eth0")
          .describe("Network interface of the machines"),
      })
      .describe("The load balancer of the control plane's address"),
    profile: z.enum(["cis"]).optional().describe("Hardening profile"),
    registries: z
      .record(z.string().min(1), z.strictObject({ endpoints: z.array(z.url()).min(1) }))
      .default({})
      .describe(
        "Mirrors by registry, for example docker.io: {endpoints: [https://mirror.example]}",
      ),
    snapshots: z
      .strictObject({
        schedule: z
          .string()
          .default("0 */6 * * *")
          .describe("Cron schedule of etcd snapshots, in UTC"),
        retention: z
          .int()
          .min(1)
          .max(100)
          .default(12)
          .describe("Snapshots that are kept on each server"),
      })
      .default({ schedule: "0 */6 * * *", retention: 12 })
      .describe("etcd snapshots"),
    kubeletArgs: z
      .record(
        z.string().regex(/^[a-z][a-z0-9-]*$/, "use a kubelet flag without dashes in front"),
        z.union([z.string(), z.number(), z.boolean()]).transform(String),
      )
      .default({})
      .describe(
        'Kubelet flags, for example {max-pods: "200"}; a change restarts one node after the other',
      ),
  })
  .describe("The RKE2 cluster");

const asn = z.int().describe("Autonomous system number (RFC 6996 for private use)");

/** Cilium, the cluster's networks and the BGP peering. */
export const network = z
  .strictObject({
    cilium: z
      .string()
      .regex(/^1\.\d+\.\d+$/, "use a chart version such as 1.19.6")
      .describe("Cilium chart version"),
    pods: cidr4.describe("Pod network; each node takes a /24 of it"),
    services: cidr4.describe("Network of ClusterIP services"),
    clusterDns: ipv4.describe("Address of the cluster's DNS, inside `services`"),
    clusterDomain: domain.default("cluster.local").describe("DNS domain of services"),
    loadBalancers: cidr4.describe("Pool of LoadBalancer addresses"),
    bgp: z
      .strictObject({
        localAsn: asn,
        routerAsn: asn,
        routerAddress: ipv4.describe("Address that the router's BGP speaker listens on"),
      })
      .describe("Peering of every node with the router"),
  })
  .describe("Cilium and BGP");

/** The whole config of a stack, key by key as in `Pulumi.STACK.yaml` without the `homelab:` prefix. */
export const siteConfig = z.strictObject({
  site,
  proxmox,
  machines,
  cluster,
  network,
  onePassword: onePassword.optional(),
  tailnet: tailnet.optional(),
  edge: edge.optional(),
  apps: apps.default({}),
  allowReplace: z
    .array(label)
    .default([])
    .describe("Machines that this `up` may destroy and build anew; empty it afterwards"),
  allowRemove: z
    .array(label)
    .default([])
    .describe(
      "Machines that are not in `machines` any more and that this `up` may destroy; empty it afterwards",
    ),
});

/** Config of one site, defaults filled in. */
export type SiteConfig = z.infer<typeof siteConfig>;
export type MachineConfig = SiteConfig["machines"][number];
export type HostConfig = SiteConfig["proxmox"]["hosts"][number];

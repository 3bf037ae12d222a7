import { homeConfig, type Changes } from "./sample.ts";

type Row = readonly [what: string, path: string, advice: RegExp, changes: Changes];

/** Home sites with wrong networks, hosts, machines or cluster. */
export const brokenFoundations: readonly Row[] = [
  [
    "a LAN in no CIDR form",
    "homelab:site.lan",
    /such as 192\.168\.1\.0\/24/,
    { "site.lan": "192.168.1.0" },
  ],
  [
    "a LAN with host bits",
    "homelab:site.lan",
    /use 192\.168\.1\.0\/24$/,
    { "site.lan": "192.168.1.7/24" },
  ],
  [
    "a domain with capitals",
    "homelab:site.domain",
    /lower-case DNS name/,
    { "site.domain": "Home.arpa" },
  ],
  [
    "a gateway elsewhere",
    "homelab:site.gateway",
    /use an address of homelab:site\.lan/,
    { "site.gateway": "192.168.9.1" },
  ],
  [
    "a misspelled key",
    "homelab:site.gatway",
    /misspelling or a wrong indent/,
    { "site.gatway": "192.168.1.1" },
  ],
  ["a site without its network", "homelab:network", /is missing/, { network: undefined }],
  [
    "an endpoint without TLS",
    "homelab:proxmox.endpoint",
    /use an https address/,
    { "proxmox.endpoint": "http://192.168.1.11:8006" },
  ],
  [
    "an image that changes under its name",
    "homelab:versions.image.url",
    /name a \.qcow2/,
    { "versions.image.url": "https://cloud.debian.org/latest" },
  ],
  [
    "an image without a checksum",
    "homelab:versions.image.sha512",
    /is missing; .*string/,
    { "versions.image.sha512": undefined },
  ],
  [
    "two hosts of one name",
    "homelab:proxmox.hosts[1].name",
    /stone is already used by .*choose another/,
    { "proxmox.hosts[1].name": "stone" },
  ],
  [
    "a host that is too small",
    "homelab:proxmox.hosts[0].memoryMiB",
    /make machines smaller or move one/,
    { "proxmox.hosts[0].memoryMiB": 8192 },
  ],
  [
    "a PCI device on no host",
    "homelab:proxmox.pciMappings[0].devices[0].host",
    /known are stone/,
    {
      "proxmox.pciMappings": [
        { name: "gpu", devices: [{ host: "attic", path: "0000:01:00.0", id: "10de:2204" }] },
      ],
    },
  ],
  [
    "a VM id used twice",
    "homelab:machines[1].vmId",
    /121 is already used by .*choose another/,
    { "machines[1].vmId": 121 },
  ],
  [
    "a machine at another's address",
    "homelab:machines[1].address",
    /give each its own address/,
    { "machines[1].address": "192.168.1.21" },
  ],
  [
    "a machine on no host",
    "homelab:machines[2].host",
    /attic is not in homelab:proxmox\.hosts; known are/,
    { "machines[2].host": "attic" },
  ],
  [
    "a role that RKE2 does not have",
    "homelab:machines[0].role",
    /"server"\|"agent"/,
    { "machines[0].role": "master" },
  ],
  ["two servers", "homelab:machines", /use 1, 3 or 5/, { "machines[2].role": "agent" }],
  [
    "a machine that HA cannot move",
    "homelab:machines[0].ha",
    /drop `ha` or `pci`/,
    {
      "proxmox.pciMappings": [
        { name: "gpu", devices: [{ host: "stone", path: "0000:01:00.0", id: "10de:2204" }] },
      ],
      "machines[0].pci": ["gpu"],
      "machines[0].ha": {},
    },
  ],
  [
    "a name that is no host name",
    "homelab:machines[0].name",
    /RFC 1123/,
    { "machines[0].name": "proxmox_stone" },
  ],
  [
    "a release without its RKE2 part",
    "homelab:versions.rke2",
    /such as v1\.35\.4\+rke2r1/,
    { "versions.rke2": "v1.35.4" },
  ],
  [
    "a control plane at a host's address",
    "homelab:cluster.vip",
    /already used by homelab:proxmox\.hosts\[0\]/,
    { "cluster.vip": "192.168.1.11" },
  ],
  [
    "a schedule at minute 75",
    "homelab:cluster.snapshots.schedule",
    /"75" is no minute; use 0 to 59/,
    { "cluster.snapshots": { schedule: "75 * * * *" } },
  ],
  [
    "a flag that the program sets",
    "homelab:cluster.kubeletArgs.node-ip",
    /remove it here/,
    { "cluster.kubeletArgs": { "node-ip": "1.2.3.4" } },
  ],
  [
    "pods in the LAN",
    "homelab:network.pods",
    /choose networks without common addresses/,
    { "network.pods": "192.168.0.0/16" },
  ],
  [
    "services in the tailnet's range",
    "homelab:network.services",
    /which Tailscale gives to devices; choose another/,
    { "network.services": "100.100.0.0/16" },
  ],
  [
    "one AS on both sides",
    "homelab:network.bgp.routerAsn",
    /use two numbers/,
    { "network.bgp.routerAsn": 64_512 },
  ],
  [
    "an AS that is reserved",
    "homelab:network.bgp.localAsn",
    /use 64512 to 65534/,
    { "network.bgp.localAsn": 64_500 },
  ],
  [
    "a router among the pods",
    "homelab:network.bgp.routerAddress",
    /must stand outside/,
    { "network.bgp.routerAddress": "10.42.0.1" },
  ],
  [
    "DNS at the API's address",
    "homelab:network.clusterDns",
    /use the tenth/,
    { "network.clusterDns": "10.43.0.1" },
  ],
  [
    "a replacement of no machine",
    "homelab:allowReplace[0]",
    /known are proxmox-stone/,
    { allowReplace: ["attic"] },
  ],
  [
    "a removal of a machine that is still there",
    "homelab:allowRemove[0]",
    /still in homelab:machines; remove it there or here/,
    { allowRemove: ["proxmox-vault"] },
  ],
  [
    "nodes without room for pods",
    "homelab:machines",
    /set `workloads: true`/,
    { machines: [{ ...homeConfig().machines[0], workloads: false }] },
  ],
];

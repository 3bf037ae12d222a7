import type { RefusedSites } from "./index.ts";

const gpu = {
  host: "stone",
  path: "0000:01:00.0",
  id: "10de:2204",
  subsystemId: "1462:3884",
  iommuGroup: 12,
};
const withoutSubsystem = { ...gpu, subsystemId: undefined };
const withoutGroup = { ...gpu, iommuGroup: undefined };
const stick = { host: "stone", id: "10c4:ea60" };

/** Hosts, their image and their devices. */
export const proxmox: RefusedSites = {
  "an endpoint without TLS": {
    edit: { "proxmox.endpoint": "http://192.168.1.11:8006" },
    at: "homelab:proxmox.endpoint",
    says: /use an https address/,
  },
  "two hosts of one name": {
    edit: { "proxmox.hosts[1].name": "stone" },
    at: "homelab:proxmox.hosts[1].name",
    says: /stone is already used by .*choose another/,
  },
  "a host that is too small": {
    edit: { "proxmox.hosts[0].memoryGiB": 8 },
    at: "homelab:proxmox.hosts[0].memoryGiB",
    says: /make machines smaller or move one/,
  },
  "a host that would keep nothing for itself": {
    edit: { "proxmox.hosts[0].memoryGiB": 52 },
    at: "homelab:proxmox.hosts[0].memoryGiB",
    says: /ask for 48 GiB \(proxmox-stone 48\), 46 GiB are left of 52 after a reserve of 6 GiB/,
  },
  "a reserve that leaves no room": {
    edit: { "proxmox.hosts[0].reserveGiB": 20 },
    at: "homelab:proxmox.hosts[0].memoryGiB",
    says: /44 GiB are left of 64 after a reserve of 20 GiB/,
  },
  "a PCI device on no host": {
    edit: {
      "proxmox.pciMappings": [{ name: "gpu", devices: [{ ...gpu, host: "attic" }] }],
    },
    at: "homelab:proxmox.pciMappings[0].devices[0].host",
    says: /known are stone/,
  },
  "more memory than a host has": {
    edit: { "machines[0].memoryGiB": 64 },
    at: "homelab:proxmox.hosts[0].memoryGiB",
    says: /ask for 64 GiB/,
  },
  "an endpoint by name without TLS": {
    edit: { "proxmox.endpoint": "http://a:8006" },
    at: "homelab:proxmox.endpoint",
    says: /https/,
  },
  "a PCI device without its subsystem": {
    edit: { "proxmox.pciMappings": [{ name: "gpu", devices: [withoutSubsystem] }] },
    at: "homelab:proxmox.pciMappings[0].devices[0].subsystemId",
    says: /^is missing/,
  },
  "a PCI device without its group": {
    edit: { "proxmox.pciMappings": [{ name: "gpu", devices: [withoutGroup] }] },
    at: "homelab:proxmox.pciMappings[0].devices[0].iommuGroup",
    says: /^is missing/,
  },
  "a host without IOMMU": {
    edit: { "proxmox.pciMappings": [{ name: "gpu", devices: [{ ...gpu, iommuGroup: -1 }] }] },
    at: "homelab:proxmox.pciMappings[0].devices[0].iommuGroup",
    says: />=0/,
  },
  "a mapping of one letter": {
    edit: { "proxmox.pciMappings": [{ name: "g", devices: [gpu] }] },
    at: "homelab:proxmox.pciMappings[0].name",
    says: /at least two characters/,
  },
  "two USB devices of one mapping on one host": {
    edit: {
      "proxmox.usbMappings": [{ name: "zigbee", devices: [stick, { ...stick, path: "1-4" }] }],
    },
    at: "homelab:proxmox.usbMappings[0].devices[1].host",
    says: /give the other a mapping of its own/,
  },
  "a PCI device twice in one mapping": {
    edit: { "proxmox.pciMappings": [{ name: "gpu", devices: [gpu, gpu] }] },
    at: "homelab:proxmox.pciMappings[0].devices[1].path",
    says: /0000:01:00\.0 on stone is already used/,
  },
  "an endpoint that a machine of the site has": {
    edit: { "proxmox.endpoint": "https://192.168.1.22:8006" },
    at: "homelab:proxmox.endpoint",
    says: /is the address of proxmox-tank, which runs on Proxmox itself/,
  },
  "an endpoint at the control plane": {
    edit: { "proxmox.endpoint": "https://192.168.1.20:8006" },
    at: "homelab:proxmox.endpoint",
    says: /is the address of the control plane/,
  },
  "a pool that begins with a digit": {
    edit: { "proxmox.pool": "2nd" },
    at: "homelab:proxmox.pool",
    says: /begin with a letter/,
  },
  "a pool four deep": {
    edit: { "proxmox.pool": "a/b/c/d" },
    at: "homelab:proxmox.pool",
    says: /at most three deep/,
  },
  "a volume instead of a storage": {
    edit: { "proxmox.datastores": { disks: "local-lvm:vm" } },
    at: "homelab:proxmox.datastores.disks",
    says: /without a colon/,
  },
  "a host by its full name": {
    edit: { "proxmox.hosts[0].name": "stone.home.arpa" },
    at: "homelab:proxmox.hosts[0].name",
    says: /without a domain/,
  },
  "a host with an underscore": {
    edit: { "proxmox.hosts[0].name": "pve_1" },
    at: "homelab:proxmox.hosts[0].name",
    says: /letters, digits and hyphens/,
  },
};

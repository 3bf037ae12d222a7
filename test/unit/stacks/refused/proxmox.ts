import type { RefusedSites } from "./index.ts";

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
  "a PCI device on no host": {
    edit: {
      "proxmox.pciMappings": [
        { name: "gpu", devices: [{ host: "attic", path: "0000:01:00.0", id: "10de:2204" }] },
      ],
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
};

import { homeValues } from "../sample.ts";
import type { RefusedSites } from "./index.ts";

const home = homeValues({}) as { readonly machines: readonly object[] };

const gpu = {
  host: "stone",
  path: "0000:01:00.0",
  id: "10de:2204",
  subsystemId: "1462:3884",
  iommuGroup: 12,
};

/** Machines, and permissions to replace or remove them. */
export const machines: RefusedSites = {
  "a VM id used twice": {
    edit: { "machines[1].vmId": 121 },
    at: "homelab:machines[1].vmId",
    says: /121 is already used by .*choose another/,
  },
  "a machine at another's address": {
    edit: { "machines[1].address": "192.168.1.21" },
    at: "homelab:machines[1].address",
    says: /give each its own address/,
  },
  "a machine with another site's mark": {
    edit: { "machines[1].tags": ["rack-a", "homelab-cabin"] },
    at: "homelab:machines[1].tags",
    says: /homelab-cabin is a tag by which the program knows its machines/,
  },
  "a machine with a generation of its own": {
    edit: { "machines[1].tags": ["gen-0000aaaa"] },
    at: "homelab:machines[1].tags",
    says: /gen-0000aaaa is a tag by which the program knows its machines/,
  },
  "a label that tells of a machine's generation": {
    edit: { "machines[0].labels": { "homelab/generation": "gen-0000aaaa" } },
    at: "homelab:machines[0].labels.homelab/generation",
    says: /is set by the program; remove it here/,
  },
  "a label of the control plane on an agent": {
    edit: { "machines[3].labels": { "node-role.kubernetes.io/control-plane": "true" } },
    at: "homelab:machines[3].labels.node-role.kubernetes.io/control-plane",
    says: /is set by RKE2/,
  },
  "a label that the kubelet sets": {
    edit: { "machineDefaults.labels": { "kubernetes.io/hostname": "stone" } },
    at: "homelab:machines[0].labels.kubernetes.io/hostname",
    says: /is set by the kubelet/,
  },
  "the taint that Cilium takes away as soon as it runs": {
    edit: { "machines[3].taints": ["node.cilium.io/agent-not-ready=true:NoExecute"] },
    at: "homelab:machines[3].taints",
    says: /^node\.cilium\.io\/agent-not-ready is set and taken away by Cilium/,
  },
  "a taint that Kubernetes takes away": {
    edit: { "machines[3].taints": ["node.kubernetes.io/unschedulable:NoSchedule"] },
    at: "homelab:machines[3].taints",
    says: /is set and taken away by Kubernetes/,
  },
  "every machine with a taint": {
    edit: { "machineDefaults.taints": ["example.net/gpu=present:NoSchedule"] },
    at: "homelab:machines",
    says: /^no machine runs ordinary pods; .* without a taint/,
  },
  "a machine on no host": {
    edit: { "machines[2].host": "attic" },
    at: "homelab:machines[2].host",
    says: /attic is not in homelab:proxmox\.hosts; known are/,
  },
  "a role that RKE2 does not have": {
    edit: { "machines[0].role": "master" },
    at: "homelab:machines[0].role",
    says: /"server"\|"agent"/,
  },
  "two servers": {
    edit: { "machines[2].role": "agent" },
    at: "homelab:machines",
    says: /^2 servers .*use 1, 3 or 5/,
  },
  "a machine that HA cannot move": {
    edit: {
      "proxmox.pciMappings": [{ name: "gpu", devices: [gpu] }],
      "machines[0].pci": ["gpu"],
      "machines[0].ha": {},
    },
    at: "homelab:machines[0].ha",
    says: /drop `ha` or `pci`/,
  },
  "a name that is no host name": {
    edit: { "machines[0].name": "proxmox_stone" },
    at: "homelab:machines[0].name",
    says: /RFC 1123/,
  },
  "a replacement of no machine": {
    edit: { allowReplace: ["attic"] },
    at: "homelab:allowReplace[0]",
    says: /known are proxmox-stone/,
  },
  "a removal of a machine that is still there": {
    edit: { allowRemove: ["proxmox-vault"] },
    at: "homelab:allowRemove[0]",
    says: /still in homelab:machines; remove it there or here/,
  },
  "nodes without room for pods": {
    edit: { machines: [{ ...home.machines[0], workloads: false }] },
    at: "homelab:machines",
    says: /no machine runs ordinary pods.*set `workloads: true`/,
  },
  "a machine outside the LAN": {
    edit: { "machines[0].address": "192.168.7.21" },
    at: "homelab:machines[0].address",
    says: /^192\.168\.7\.21 is not in/,
  },
  "a machine at its host's address": {
    edit: { "machines[0].address": "192.168.1.11" },
    at: "homelab:machines[0].address",
    says: /hosts\[0\]/,
  },
  "two machines of one name": {
    edit: { "machines[1].name": "proxmox-stone" },
    at: "homelab:machines[1].name",
    says: /^proxmox-stone is already/,
  },
  "a server's VM id at an agent": {
    edit: { "machines[3].vmId": 121 },
    at: "homelab:machines[3].vmId",
    says: /^121 is already/,
  },
  "a MAC used twice, whatever its case": {
    edit: { "machines[0].mac": "bc:24:11:00:00:0a", "machines[1].mac": "BC:24:11:00:00:0A" },
    at: "homelab:machines[1].mac",
    says: /^BC:24:11:00:00:0A is already used by homelab:machines\[0\]/,
  },
  "two machines on one host without names": {
    edit: { "machines[1].host": "stone" },
    at: "homelab:machines[1].name",
    says: /^proxmox-stone is already .*\(not written; made of homelab:machines\[1\]\.host\)$/,
  },
  "a multicast MAC": {
    edit: { "machines[0].mac": "01:24:11:00:00:0a" },
    at: "homelab:machines[0].mac",
    says: /multicast/,
  },
  "a server on no host": {
    edit: { "machines[0].host": "attic" },
    at: "homelab:machines[0].host",
    says: /known are stone, tank/,
  },
  "a replacement of a machine that has left": {
    edit: { allowReplace: ["proxmox-attic"] },
    at: "homelab:allowReplace[0]",
    says: /^proxmox-attic is not in homelab:machines; known are proxmox-stone/,
  },
  "a PCI mapping that is not there": {
    edit: { "machines[0].pci": ["gpu"] },
    at: "homelab:machines[0].pci[0]",
    says: /^gpu is not in/,
  },
  "no server": {
    edit: { "machines[0].role": "agent", "machines[1].role": "agent", "machines[2].role": "agent" },
    at: "homelab:machines",
    says: /^no machine has role/,
  },
  "more cores than a host has": {
    edit: { "machines[0].cores": 17 },
    at: "homelab:machines[0].cores",
    says: /^17 cores are more than the 16 of stone/,
  },
  "a name with capitals": {
    edit: { "machines[0].name": "Stone" },
    at: "homelab:machines[0].name",
    says: /RFC 1123/,
  },
  "a VM id below 100": {
    edit: { "machines[0].vmId": 99 },
    at: "homelab:machines[0].vmId",
    says: /100/,
  },
  "a device for two machines": {
    edit: {
      "proxmox.pciMappings": [{ name: "gpu", devices: [gpu] }],
      "machines[0].pci": ["gpu"],
      "machines[1].host": "stone",
      "machines[1].name": "second",
      "machines[1].pci": ["gpu"],
    },
    at: "homelab:machines[1].pci[0]",
    says: /gpu has one device on stone.*one owner/,
  },
  "two devices of one IOMMU group for two machines": {
    edit: {
      "proxmox.pciMappings": [
        { name: "gpu", devices: [gpu] },
        { name: "sound", devices: [{ ...gpu, path: "0000:01:00.1" }] },
      ],
      "machines[0].pci": ["gpu"],
      "machines[1].host": "stone",
      "machines[1].name": "second",
      "machines[1].pci": ["sound"],
    },
    at: "homelab:machines[1].pci[0]",
    says: /sound and gpu of homelab:machines\[0\].* IOMMU group 12 of stone.*give both to proxmox-stone/,
  },
  "a device under two names": {
    edit: {
      "proxmox.pciMappings": [
        { name: "gpu", devices: [gpu] },
        { name: "card", devices: [{ ...gpu, path: "0000:01:00" }] },
      ],
      "machines[0].pci": ["gpu", "card"],
    },
    at: "homelab:machines[0].pci[1]",
    says: /card and gpu .*are one device on stone; it has one owner/,
  },
  "two USB devices of one id that only their ports tell apart": {
    edit: {
      "proxmox.usbMappings": [
        { name: "zigbee", devices: [{ host: "stone", id: "10c4:ea60" }] },
        { name: "zwave", devices: [{ host: "stone", id: "10c4:ea60", path: "1-4" }] },
      ],
      "machines[0].usb": ["zigbee", "zwave"],
    },
    at: "homelab:machines[0].usb[1]",
    says: /zwave and zigbee .*give each mapping the path of its port/,
  },
  "an agent without workloads": {
    edit: { "machines[3].workloads": false },
    at: "homelab:machines[3].workloads",
    says: /is for servers; .*keep them off with a taint/,
  },
  "a MAC of nothing but zeros": {
    edit: { "machines[0].mac": "00:00:00:00:00:00" },
    at: "homelab:machines[0].mac",
    says: /is no card's address/,
  },
  "a device for a cloud kernel": {
    edit: {
      "proxmox.pciMappings": [{ name: "gpu", devices: [gpu] }],
      "machines[0].pci": ["gpu"],
    },
    at: "homelab:machines[0].pci",
    says: /genericcloud.* has a cloud kernel.*give the machine an `image` with a full kernel/,
  },
  "an image of one machine for another processor": {
    edit: {
      "machines[3].image": {
        url: "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-generic-arm64-20261001-2618.qcow2",
        sha512: "ab".repeat(64),
      },
    },
    at: "homelab:machines[3].image.url",
    says: /is for arm64.*use .*debian-13-generic-amd64-.*with its checksum/,
  },
  "an image of all machines that cloud-init is not in": {
    edit: {
      "machineDefaults.image": {
        url: "https://cloud.debian.org/images/cloud/trixie/20261001-2618/debian-13-nocloud-amd64-20261001-2618.qcow2",
        sha512: "ab".repeat(64),
      },
    },
    at: "homelab:machineDefaults.image.url",
    says: /has no cloud-init/,
  },
  "a disk as older site files write it": {
    edit: { "machineDefaults.extraDisks": [500] },
    at: "homelab:machineDefaults.extraDisks[0]",
    says: /^expected \{ sizeGiB: 100 \}/,
  },
  "an image of one machine without checksum": {
    edit: { "machines[0].image": { url: "https://a.example/debian-13-generic-amd64.qcow2" } },
    at: "homelab:machines[0].image.sha512",
    says: /is missing/,
  },
  "a USB device that is nowhere": {
    edit: { "machines[0].usb": ["zigbee"] },
    at: "homelab:machines[0].usb[0]",
    says: /^zigbee is not in homelab:proxmox\.usbMappings/,
  },
  "two disks that are told apart by their places": {
    edit: { "machineDefaults.extraDisks": [{ sizeGiB: 100 }, { sizeGiB: 500 }] },
    at: "homelab:machineDefaults.extraDisks[1]",
    says: /needs a name and a slot: of several disks each has its own/,
  },
  "a disk of a machine without its slot": {
    edit: {
      "machines[0].extraDisks": [
        { name: "data", slot: 1, sizeGiB: 100 },
        { name: "fast", sizeGiB: 500 },
      ],
    },
    at: "homelab:machines[0].extraDisks[1]",
    says: /needs a slot: /,
  },
  "two disks in one slot": {
    edit: {
      "machines[0].extraDisks": [
        { name: "data", slot: 1, sizeGiB: 100 },
        { name: "fast", slot: 1, sizeGiB: 500 },
      ],
    },
    at: "homelab:machines[0].extraDisks[1].slot",
    says: /1 is already used/,
  },
  "two disks of one name": {
    edit: {
      "machines[0].extraDisks": [
        { name: "data", slot: 1, sizeGiB: 100 },
        { name: "data", slot: 2, sizeGiB: 500 },
      ],
    },
    at: "homelab:machines[0].extraDisks[1].name",
    says: /data is already used/,
  },
  "a disk with the root disk's name": {
    edit: { "machines[0].extraDisks": [{ name: "root", sizeGiB: 100 }] },
    at: "homelab:machines[0].extraDisks[0].name",
    says: /means another disk/,
  },
  "a name that is no serial": {
    edit: { "machines[0].extraDisks": [{ name: "the-family-photos-of-2026", sizeGiB: 100 }] },
    at: "homelab:machines[0].extraDisks[0].name",
    says: /20/,
  },
  "the removal of a disk of no machine": {
    edit: { allowDiskRemoval: ["proxmox-attic/data"] },
    at: "homelab:allowDiskRemoval[0]",
    says: /proxmox-attic is not in homelab:machines/,
  },
  "the removal of a disk without its machine": {
    edit: { allowDiskRemoval: ["data"] },
    at: "homelab:allowDiskRemoval[0]",
    says: /MACHINE\/DISK/,
  },
  "a label that is none": {
    edit: { "machines[0].labels": { "example.net/rack": "upper left" } },
    at: "homelab:machines[0].labels.example.net/rack",
    says: /beginning and ending with a letter or digit/,
  },
  "a label's key that is none": {
    edit: { "machines[0].labels": { "a/b/c": "x" } },
    at: "homelab:machines[0].labels.a/b/c",
    says: /use NAME or DOMAIN\/NAME/,
  },
  "a taint without effect": {
    edit: { "machines[3].taints": ["example.net/gpu=present"] },
    at: "homelab:machines[3].taints[0]",
    says: /KEY=VALUE:EFFECT/,
  },
  "a flag that the program sets, of one machine": {
    edit: { "machines[3].kubeletArgs": { "register-with-taints": "a:NoSchedule" } },
    at: "homelab:machines[3].kubeletArgs.register-with-taints",
    says: /remove it here/,
  },
  "a processor that Proxmox does not know": {
    edit: { "machineDefaults.cpuType": "x86-64-v5" },
    at: "homelab:machineDefaults.cpuType",
    says: /such as host, x86-64-v2-AES/,
  },
};

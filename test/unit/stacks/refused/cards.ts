import type { RefusedSites } from "./index.ts";

/** Ways to the LAN, and further network cards. */
export const cards: RefusedSites = {
  "one machine with another MTU on the LAN": {
    edit: { "machines[2].network": { mtu: 9000 } },
    at: "homelab:machines[2].network.mtu",
    says: /differs .*set homelab:site\.mtu/,
  },
  "a card in the LAN's network": {
    edit: { "machines[0].cards": [{ bridge: "vmbr1", address: "192.168.1.121/24" }] },
    at: "homelab:machines[0].cards[0].address",
    says: /overlaps 192\.168\.1\.0\/24 of homelab:site\.lan/,
  },
  "two cards in one network": {
    edit: {
      "machines[0].cards": [
        { bridge: "vmbr1", address: "10.10.10.21/24" },
        { bridge: "vmbr2", address: "10.10.10.22/24" },
      ],
    },
    at: "homelab:machines[0].cards[1].address",
    says: /through one of the two alone/,
  },
  "one address on two machines' cards": {
    edit: {
      "machines[0].cards": [{ bridge: "vmbr1", address: "10.10.10.21/24" }],
      "machines[1].cards": [{ bridge: "vmbr1", address: "10.10.10.21/24" }],
    },
    at: "homelab:machines[1].cards[0].address",
    says: /already used by homelab:machines\[0\]\.cards\[0\]\.address/,
  },
  "a card at its network's own address": {
    edit: { "machines[0].cards": [{ bridge: "vmbr1", address: "10.10.10.0/24" }] },
    at: "homelab:machines[0].cards[0].address",
    says: /network or broadcast address of 10\.10\.10\.0\/24/,
  },
  "a card on a bridge that cannot be": {
    edit: { "machines[0].cards": [{ bridge: "vmbr 1" }] },
    at: "homelab:machines[0].cards[0].bridge",
    says: /such as vmbr0/,
  },
  "a card in no VLAN": {
    edit: { "machines[0].cards": [{ bridge: "vmbr1", vlan: 5000 }] },
    at: "homelab:machines[0].cards[0].vlan",
    says: /1 to 4094, or 0/,
  },
  "a card without an address before one that has one": {
    edit: {
      "machines[0].cards": [{ bridge: "vmbr1" }, { bridge: "vmbr2", address: "10.1.0.2/24" }],
    },
    at: "homelab:machines[0].cards[0].address",
    says: /put that one first/,
  },
};

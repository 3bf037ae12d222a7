import { z } from "zod";
import {
  addressAt,
  addressNumber,
  canonicalCidr,
  cidrRange,
  overlap,
  tailscaleDevices,
} from "../../../components/network/cidr.ts";
import { poolNetworks } from "../../../components/network/pool.ts";
import type { Problem } from "../../../components/problem.ts";
import { bridgeName, cidr4, lanMtu } from "../../config/forms.ts";
import type { SiteConfig } from "../../schema.ts";

const vlanOrNone = z
  .int("use a VLAN id from 1 to 4094, or 0 for none")
  .min(0, "use a VLAN id from 1 to 4094, or 0 for none")
  .max(4094, "use a VLAN id from 1 to 4094, or 0 for none");

/** Where a machine's way to the LAN differs from the other machines'. */
export const lanAccess = z
  .strictObject({
    bridge: bridgeName.optional().meta({
      description: "Bridge of its host that leads to the LAN; `proxmox.bridge` when left out",
      examples: ["vmbr1"],
    }),
    vlan: vlanOrNone.optional().meta({
      description: "VLAN tag of the LAN on that bridge, 0 for none; `site.vlan` when left out",
      examples: [20],
    }),
    mtu: lanMtu.optional().meta({
      description: "MTU of its card on the LAN; `site.mtu` when left out",
      examples: [9000],
    }),
  })
  .optional()
  .describe("Its way to the LAN, where it differs from the site's");

/** Cards beside the one on the LAN. */
export const cards = z
  .array(
    z.strictObject({
      bridge: bridgeName.meta({ description: "Bridge of its host", examples: ["vmbr1"] }),
      vlan: vlanOrNone.optional().meta({
        description: "VLAN tag on that bridge; untagged when left out",
        examples: [30],
      }),
      address: cidr4.optional().meta({
        description:
          "Static address with its network's prefix; the machine leaves the card alone when left out",
        examples: ["10.10.10.21/24"],
      }),
      mtu: lanMtu.optional().meta({
        description: "MTU of the card; the bridge's when left out",
        examples: [9000],
      }),
    }),
  )
  .max(7)
  .default([])
  .describe("Further network cards: eth1, eth2, ... in this order, for a storage network, say");

type Machine = SiteConfig["machines"][number];

/** Addresses of further cards lie in networks of their own, and each is used once. */
export function checkCards(config: SiteConfig): readonly Problem[] {
  const seen = new Map<string, string>();
  return config.machines.flatMap((machine, i) => {
    const networks: { cidr: string; path: string }[] = [];
    return machine.cards.flatMap(({ address }, j) => {
      if (address === undefined) return unplaced(machine, i, j);
      const path = `homelab:machines[${i}].cards[${j}].address`;
      const problems = [
        ...usable(path, address),
        ...elsewhere(config, path, address),
        ...networks
          .filter(({ cidr }) => overlap(cidr, address))
          .map((other) => ({
            path,
            text: `${address} overlaps ${other.cidr} of ${other.path}; the machine would answer through one of the two alone; give each card a network of its own`,
          })),
        ...taken(seen, path, address),
      ];
      networks.push({ cidr: address, path });
      return problems;
    });
  });
}

/** The provider counts addresses by position and knows no empty one (`ip_config` of bpg's vm). */
function unplaced({ cards: list }: Machine, index: number, card: number): readonly Problem[] {
  if (!list.slice(card).some(({ address }) => address !== undefined)) return [];
  const path = `homelab:machines[${index}].cards[${card}].address`;
  return [{ path, text: "is missing, and a card with an address follows; put that one first" }];
}

function usable(path: string, address: string): readonly Problem[] {
  const [bare = ""] = address.split("/");
  const { first, last } = cidrRange(address);
  if (last - first < 3) return [];
  const number = addressNumber(bare);
  if (number !== first && number !== last) return [];
  const text = `${address} is the network or broadcast address of ${canonicalCidr(address)}; use one between, such as ${addressAt(address, 1)}`;
  return [{ path, text }];
}

function elsewhere(
  { site, network }: SiteConfig,
  path: string,
  address: string,
): readonly Problem[] {
  const { pods, services, loadBalancers } = network;
  const others = [
    ["homelab:site.lan", site.lan],
    ["homelab:network.pods", pods],
    ["homelab:network.services", services],
    ...poolNetworks(loadBalancers).map((cidr) => ["homelab:network.loadBalancers", cidr]),
    ["the addresses that Tailscale gives to devices", tailscaleDevices],
  ];
  return others
    .filter(([, cidr = ""]) => overlap(cidr, address))
    .slice(0, 1)
    .map(([of = "", cidr = ""]) => ({
      path,
      text: `${address} overlaps ${cidr} of ${of}; a further card needs a network of its own`,
    }));
}

function taken(seen: Map<string, string>, path: string, address: string): readonly Problem[] {
  const [bare = ""] = address.split("/");
  const first = seen.get(bare);
  if (first !== undefined)
    return [{ path, text: `${bare} is already used by ${first}; give each its own address` }];
  seen.set(bare, path);
  return [];
}

/** MTU that fits between all machines: a card that carries less than its neighbours drops what they send. */
export function checkMtu({ machines, site }: SiteConfig): readonly Problem[] {
  const of = ({ network }: Machine): number | undefined => network?.mtu ?? site.mtu;
  const [first] = machines;
  if (first === undefined) return [];
  return machines.flatMap((machine, i) => {
    if (of(machine) === of(first)) return [];
    const text = `${of(machine) ?? "the bridge's"} differs from ${of(first) ?? "the bridge's"} of homelab:machines[0]; what shares a LAN has one MTU: set homelab:site.mtu`;
    return [{ path: `homelab:machines[${i}].network.mtu`, text }];
  });
}

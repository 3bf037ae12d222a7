import type { MachineSpec, NetworkCard } from "../machine.ts";
import { cardMac, machineMac } from "./mac.ts";
import type { SitePlan } from "./types.ts";

/** A card's address, and the gateway of the one on the LAN. */
interface IpConfig {
  readonly ipv4: { readonly address: string; readonly gateway?: string };
}

/**
 * A machine's network cards and their addresses, as its VM has them. Proxmox names them eth0, eth1, ... in the machine by
 * their MAC addresses, but for those without an address, which the machine is not told of
 * (`nocloud_network` in qemu-server's Cloudinit.pm).
 */
export function networkCards(
  site: Pick<SitePlan, "lan" | "gateway" | "bridge" | "vlan" | "mtu">,
  machine: Pick<MachineSpec, "vmId" | "address" | "mac" | "network" | "cards">,
) {
  const { bridge = site.bridge, vlan = site.vlan, mtu = site.mtu } = machine.network ?? {};
  const prefix = site.lan.split("/")[1] ?? "24";
  const ipConfigs: IpConfig[] = [
    { ipv4: { address: `${machine.address}/${prefix}`, gateway: site.gateway } },
    // By position: cards without an address stand behind those that have one.
    ...machine.cards.flatMap(({ address }) =>
      address === undefined ? [] : [{ ipv4: { address } }],
    ),
  ];
  return {
    networkDevices: [
      card({ bridge, vlan, mtu }, machineMac(machine)),
      ...machine.cards.map((each, i) => card(each, cardMac(machine, i + 1))),
    ],
    ipConfigs,
  };
}

function card(
  { bridge, vlan = 0, mtu }: Pick<NetworkCard, "bridge" | "vlan" | "mtu">,
  mac: string,
) {
  return {
    model: "virtio",
    bridge,
    macAddress: mac,
    ...(vlan === 0 ? {} : { vlanId: vlan }),
    ...(mtu === undefined ? {} : { mtu }),
  };
}

/** Whether hosts have the bridges that the machines' cards join, with an MTU that carries theirs. */
import { ok, warning, type Finding } from "../../../doctor/finding.ts";
import type { SiteConfig } from "../../../schema.ts";
import type { ProxmoxApi } from "./api.ts";

/** A network interface of a host, as far as the doctor looks: GET nodes/NODE/network. */
export interface HostInterface {
  readonly iface: string;
  readonly type: string;
  /** Only where somebody set it. */
  readonly mtu?: string | number;
}

/** MTU of a bridge that nobody set one for. */
const usualMtu = 1500;

interface Wanted {
  readonly bridge: string;
  readonly mtu?: number;
  readonly machine: string;
}

/** Every card of the machines on a host. */
function wantedOn(host: string, { machines, proxmox, site }: Cards): readonly Wanted[] {
  return machines
    .filter((machine) => machine.host === host)
    .flatMap(({ name, network, cards }) => [
      {
        bridge: network?.bridge ?? proxmox.bridge,
        // What pods send where the config has none, whatever less the bridge gives the machine.
        mtu: network?.mtu ?? site.mtu ?? usualMtu,
        machine: name,
      },
      ...cards.map(({ bridge, mtu }) => ({ bridge, mtu, machine: name })),
    ]);
}

type Cards = Pick<SiteConfig, "machines" | "proxmox" | "site">;

/** What is missing on a host; a VM starts only on a bridge that is there and carries its MTU. */
export function judgeBridges(
  host: string,
  config: Cards,
  interfaces: readonly HostInterface[],
): readonly Finding[] {
  const subject = `bridges of ${host}`;
  const found = wantedOn(host, config).flatMap(({ bridge, mtu, machine }): Finding[] => {
    const there = interfaces.find(({ iface }) => iface === bridge);
    if (there === undefined) {
      return [
        warning(
          subject,
          `${bridge}, which ${machine} is to join, is not among them`,
          "name another in homelab:proxmox.bridge or in the machine's network or cards, or make it (a VNet of the SDN does not show here)",
        ),
      ];
    }
    const carried = Number(there.mtu ?? usualMtu);
    if (mtu === undefined || mtu <= carried) return [];
    return [
      warning(
        subject,
        `${bridge} carries ${carried} bytes, ${machine} is to have ${mtu}`,
        "raise the MTU of the bridge and of its port, or set homelab:site.mtu (of a further card its own) to what it carries: the machine does not start otherwise, or its pods lose packets",
      ),
    ];
  });
  return found.length > 0 ? found : [ok(subject, "have what the machines' cards need")];
}

/** Asks each host that carries machines. */
export async function checkBridges(config: Cards, api: ProxmoxApi): Promise<readonly Finding[]> {
  const hosts = [...new Set(config.machines.map(({ host }) => host))];
  const findings = await Promise.all(
    hosts.map(async (host) =>
      judgeBridges(host, config, await api<HostInterface[]>(`nodes/${host}/network`)),
    ),
  );
  return findings.flat();
}

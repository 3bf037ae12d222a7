import type { ImageSource } from "./cloud-image.ts";
import type { AddressPool } from "../network/pool.ts";

/** What a site's cluster has on the LAN, or has the routers send there. */
export interface ClusterAddresses {
  /** Address of the control plane. */
  readonly vip: string;
  readonly loadBalancers: AddressPool;
  /** Addresses of the routers that load balancers are announced to; none where the LAN itself is told, by ARP. */
  readonly routers: readonly string[];
}

/** What all machines of a site share. */
export interface SitePlan extends ClusterAddresses {
  /** Name of the site; part of tags and file names. */
  readonly name: string;
  readonly domain: string;
  /** LAN in CIDR form. */
  readonly lan: string;
  readonly gateway: string;
  readonly dns: readonly string[];
  readonly bridge: string;
  /** VLAN tag of the LAN on the bridge, and its MTU. */
  readonly vlan?: number;
  readonly mtu?: number;
  readonly pool: string;
  /** How long a host that shuts down waits for each of the site's machines, in seconds, before it cuts it off. */
  readonly downDelay: number;
  readonly image: ImageSource;
  readonly pciMappings: readonly {
    readonly name: string;
    readonly devices: readonly {
      readonly host: string;
      readonly path: string;
      readonly id: string;
      readonly subsystemId: string;
      readonly iommuGroup: number;
    }[];
  }[];
  readonly usbMappings: readonly {
    readonly name: string;
    readonly devices: readonly {
      readonly host: string;
      readonly id: string;
      readonly path?: string;
    }[];
  }[];
}

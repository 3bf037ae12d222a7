import type { Store } from "./store.ts";
import type { TunnelConnections } from "./world.ts";

/** The account that the API serves, with its one zone. */
export interface Account {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly zoneId: string;
  /** DNS name of the zone, without a closing dot. */
  readonly zone: string;
  /** The zone's name servers; the lab's DNS delegates to them. */
  readonly nameServers: readonly string[];
  readonly store: Store;
  readonly connections: TunnelConnections;
}

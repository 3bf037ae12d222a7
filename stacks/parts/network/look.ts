import { poolText } from "../../../components/network/pool.ts";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import type { SiteConfig } from "../../schema.ts";

/** What a run changes for everything that is reached by a load balancer. */
export function poolNotes(
  { network: { loadBalancers } }: Pick<SiteConfig, "network">,
  { loadBalancers: before }: Pick<Known, "loadBalancers">,
): readonly string[] {
  if (before === undefined || poolText(before) === poolText(loadBalancers)) return [];
  return [
    `load balancers move from ${poolText(before)} to ${poolText(loadBalancers)}: services outside of it get other addresses ` +
      "at once, and routers, names and rules of your own that have the old ones must follow",
  ];
}

import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { contains } from "../../../components/network/cidr.ts";

/** Numbers that IANA keeps from use (special-purpose AS numbers registry): RFC 7607, 4893, 5398, 7300. */
const reserved = [
  { first: 0, last: 0 },
  { first: 23_456, last: 23_456 },
  { first: 64_496, last: 64_511 },
  { first: 65_535, last: 131_071 },
  { first: 4_294_967_295, last: 4_294_967_295 },
];

/** What is wrong with an autonomous system number, or undefined. */
export function asnProblem(asn: number): string | undefined {
  if (asn < 0 || asn > 4_294_967_295)
    return `${asn} is no AS number; use 64512 to 65534 (RFC 6996)`;
  if (reserved.some((range) => asn >= range.first && asn <= range.last)) {
    return `${asn} is reserved by IANA; use 64512 to 65534 or 4200000000 to 4294967294 (RFC 6996)`;
  }
  return undefined;
}

/** AS numbers can be used and differ (the sessions are external BGP), and the router stands outside the cluster. */
export function checkNetwork(config: SiteConfig): readonly Problem[] {
  const { bgp, pods, services, loadBalancers } = config.network;
  const path = "homelab:network.bgp";
  const problems: Problem[] = [];
  for (const key of ["localAsn", "routerAsn"] as const) {
    const text = asnProblem(bgp[key]);
    if (text !== undefined) problems.push({ path: `${path}.${key}`, text });
  }
  if (bgp.localAsn === bgp.routerAsn) {
    problems.push({
      path: `${path}.routerAsn`,
      text: `${bgp.routerAsn} is also the cluster's; use two numbers`,
    });
  }
  for (const [name, cidr] of Object.entries({ pods, services, loadBalancers })) {
    if (contains(cidr, bgp.routerAddress)) {
      problems.push({
        path: `${path}.routerAddress`,
        text: `${bgp.routerAddress} lies in ${cidr} of homelab:network.${name}; the router must stand outside`,
      });
    }
  }
  const onMachine = config.machines.find((machine) => machine.address === bgp.routerAddress);
  if (onMachine !== undefined || bgp.routerAddress === config.cluster.vip) {
    problems.push({
      path: `${path}.routerAddress`,
      text: `${bgp.routerAddress} belongs to ${onMachine?.name ?? "the control plane"}; use the router's own address`,
    });
  }
  return problems;
}

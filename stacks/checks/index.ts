import type { Problem } from "../problem.ts";
import type { SiteConfig } from "../schema.ts";
import { checkAddresses } from "./addresses.ts";
import { checkBgp } from "./bgp.ts";
import { checkCapacity } from "./capacity.ts";
import { checkCidrs } from "./cidrs.ts";
import { checkCluster } from "./cluster.ts";
import { checkEdge } from "./edge.ts";
import { checkNames } from "./names.ts";
import { checkSecrets } from "./secrets.ts";
import { checkTailnet } from "./tailnet.ts";

const checks: readonly ((config: SiteConfig, stack?: string) => readonly Problem[])[] = [
  checkCidrs,
  checkAddresses,
  checkNames,
  checkCapacity,
  checkCluster,
  checkBgp,
  checkSecrets,
  checkTailnet,
  checkEdge,
];

/**
 * Every rule that spans more than one value of a site's config; an empty list means that all hold. `stack` is the site's
 * name, where it is known.
 */
export function crossCheck(config: SiteConfig, stack?: string): readonly Problem[] {
  return checks.flatMap((check) => check(config, stack));
}

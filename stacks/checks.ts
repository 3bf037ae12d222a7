import type { Problem } from "./config/problem.ts";
import type { SiteConfig } from "./schema.ts";
import { checkAddresses } from "./parts/site/addresses.ts";
import { checkBgp } from "./parts/network/checks.ts";
import { checkCapacity } from "./parts/machines/capacity.ts";
import { checkCidrs } from "./parts/site/networks.ts";
import { checkCluster } from "./parts/cluster/checks.ts";
import { checkEdge } from "./parts/edge/checks.ts";
import { checkNames } from "./parts/machines/checks.ts";
import { checkSecrets } from "./parts/secrets/checks.ts";
import { checkTailnet } from "./parts/tailnet/checks.ts";

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

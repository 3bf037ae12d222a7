import type { Problem } from "../problem.ts";
import type { SiteConfig } from "../schema.ts";
import { checkAddresses } from "./addresses.ts";
import { checkBgp } from "./bgp.ts";
import { checkCapacity } from "./capacity.ts";
import { checkCidrs } from "./cidrs.ts";
import { checkCluster } from "./cluster.ts";
import { checkNames } from "./names.ts";

/** Every rule that spans more than one value of a site's config; an empty list means that all hold. */
export function crossCheck(config: SiteConfig): readonly Problem[] {
  return [checkCidrs, checkAddresses, checkNames, checkCapacity, checkCluster, checkBgp].flatMap(
    (check) => check(config),
  );
}

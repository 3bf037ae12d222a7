import { passes } from "../exposure/page.ts";
import { siteExposure } from "../exposure/table.ts";
import type { SiteConfig } from "../schema.ts";
import type { Status } from "./status.ts";
import { topologyOf } from "./topology.ts";
import { siteVersions } from "./versions.ts";

/** A site's status as far as its config says it: nobody has been asked. */
export function declaredStatus(site: string, config: SiteConfig): Status {
  const { hosts, ...topology } = topologyOf(site, config);
  return {
    ...{ site, domain: config.site.domain, topology, hosts },
    names: siteExposure(config).map((one) => ({ ...one, passes: passes(one) })),
    versions: siteVersions(config),
  };
}

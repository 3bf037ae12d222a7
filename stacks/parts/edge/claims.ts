/** What a site makes at Cloudflare, by names that others may have taken. */
import { peopleSelectors, serviceTokenNames } from "../../../components/edge/access-rules.ts";
import type { EdgeObject } from "../../../components/edge/known.ts";
import { accessName, programsOf, tunnelName } from "../../../components/edge/names.ts";
import { publicAppNames } from "../../apps/names.ts";
import type { SiteFile } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import { publicRoutes } from "../gateway/published.ts";
import { isNamed, siteNames } from "../names/list.ts";
import { teslaKeyNames } from "../tesla/names.ts";

/** One object that a site makes. */
export interface Claim extends EdgeObject {
  /** Config path of what it is made for. */
  readonly path: string;
  /** The address that a record leads to, where it does not lead to the tunnel. */
  readonly address?: string;
}

/** Everything that a site with an edge makes by a name; clients of sign-on may stand beside others of the same name. */
export function edgeClaims({ name: site, config }: SiteFile): readonly Claim[] {
  const { edge } = config;
  if (edge === undefined) return [];
  const { accountId, zoneId, access } = edge;
  const inAccount = (kind: Claim["kind"], name: string, path: string): Claim => ({
    ...{ kind, name, path, within: accountId },
  });
  const published = [
    ...publicAppNames(config.apps),
    ...publicRoutes(config),
    ...teslaKeyNames(config),
  ];
  return [
    inAccount("tunnel", tunnelName(site), "homelab:edge"),
    ...published.flatMap(({ hostname, from, withoutAccess }, i): readonly Claim[] => {
      if (published.findIndex((one) => one.hostname === hostname) !== i) return [];
      const record = { kind: "DNS record", name: hostname, path: from, within: zoneId } as const;
      const gate = inAccount("Access application", hostname, from);
      return withoutAccess === undefined ? [record, gate] : [record];
    }),
    ...addresses(config).map(({ name, address, from }): Claim => ({
      ...{ kind: "DNS record", name, address, path: from, within: zoneId },
    })),
    ...Object.entries(access).flatMap(([policy, plan]) => {
      const path = `homelab:edge.access.${policy}`;
      const people = peopleSelectors(plan).length > 0 ? [policy] : [];
      const programs = plan.serviceTokens.length > 0 ? [programsOf(policy)] : [];
      return [...people, ...programs].map((one) =>
        inAccount("Access policy", accessName(site, one), path),
      );
    }),
    ...serviceTokenNames(access).map((token) =>
      inAccount("Access service token", accessName(site, token), "homelab:edge.access"),
    ),
  ];
}

/** Names that lead the internet to an address, past the tunnel. */
function addresses(
  config: SiteConfig,
): readonly { readonly name: string; readonly address: string; readonly from: string }[] {
  if (!isNamed(config)) return [];
  return siteNames(config).flatMap(({ name, from, public: place }) =>
    place === undefined || place === "tunnel" ? [] : [{ name, from, address: place.address }],
  );
}

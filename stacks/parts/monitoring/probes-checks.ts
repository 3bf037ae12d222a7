import type { Problem } from "../../../components/problem.ts";
import { siteExposure } from "../../exposure/table.ts";
import type { SiteConfig } from "../../schema.ts";

const path = "homelab:monitoring.names";

/** Names are those that the site exposes, and the token is one that lets somebody pass. */
export function checkProbes(config: SiteConfig): readonly Problem[] {
  const watch = config.monitoring?.names;
  if (watch === undefined) return [];
  const exposed = siteExposure(config);
  const unknown = (host: string): string =>
    `${host} is no name that the site exposes; correct it, or remove it`;
  const hosts = new Set(exposed.map(({ host }) => host));
  return [
    ...Object.keys(watch.paths)
      .filter((host) => !hosts.has(host))
      .map((host) => ({ path: `${path}.paths.${host}`, text: unknown(host) })),
    ...watch.except.flatMap((host, i) =>
      hosts.has(host) ? [] : [{ path: `${path}.except[${i}]`, text: unknown(host) }],
    ),
    ...token(config, watch.serviceToken),
  ];
}

/** A token that no policy names is made by nobody. */
function token({ edge }: SiteConfig, name: string | undefined): readonly Problem[] {
  if (name === undefined) return [];
  const made = Object.values(edge?.access ?? {}).flatMap(({ serviceTokens }) => serviceTokens);
  if (made.includes(name)) return [];
  const known = [...new Set(made)].join(", ") || "none";
  const text = `no policy of homelab:edge.access lets a service token ${name} pass; known are ${known}. Add it to the policies of the names that are to be asked`;
  return [{ path: `${path}.serviceToken`, text }];
}

import type { Resource } from "@pulumi/pulumi";
import { Definitions } from "../../../components/definitions/definitions.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import { definitionSets, type SetKey } from "./sets.ts";

/** The steps after which kinds are there that no chart brings; undefined where no part of the site needs them. */
export type SiteDefinitions = Readonly<Partial<Record<SetKey, Resource>>>;

/** Applies the kinds that the program itself owns. */
export function deployDefinitions(
  { config }: Site,
  { nodes: [machine], kubernetes }: SiteCluster,
): SiteDefinitions {
  const steps = Object.entries(definitionSets(config)).map(([key, set]) => {
    const { ready } = new Definitions(set.name, { set, machine, after: [kubernetes] });
    return [key, ready] as const;
  });
  return Object.fromEntries(steps);
}

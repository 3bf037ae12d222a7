import type { Resource } from "@pulumi/pulumi";
import { OnePasswordItem } from "../../../components/secrets/one-password-item.ts";
import { OnePasswordOperator } from "../../../components/secrets/one-password-operator.ts";
import { makeNamespace } from "../../../components/workload/namespace.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { FoundItems } from "./look.ts";
import { itemNamespaces } from "./schema.ts";

/** What the parts before it have made, and what was found of the items. */
export interface ItemSurroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  readonly found: FoundItems;
}

/** 1Password's operator and the items of the config, where there is one; returns the namespaces of items by name. */
export function deployItems(
  { name, config: { onePassword }, secrets }: Site,
  { nodes: [server] }: SiteCluster,
  { definitions, running: { ready, kubernetes }, found }: ItemSurroundings,
): ReadonlyMap<string, Resource> {
  const operator = onePassword?.operator;
  if (operator === undefined) return new Map();
  const { chart, pollSeconds, everywhere, items, credentials, token } = operator;
  const plans = itemNamespaces(operator);
  const namespaces = new Map(
    plans.map((plan) => [
      plan.name,
      makeNamespace(`${name}-${plan.name}-namespace`, plan, { provider: kubernetes }),
    ]),
  );
  const made = new OnePasswordOperator(
    `${name}-1password`,
    {
      chart,
      pollSeconds,
      ...(everywhere ? {} : { namespaces: [...namespaces.keys()] }),
      credentials: secrets.get(credentials),
      token: secrets.get(token),
      server,
      after: [
        ...(definitions.onePassword === undefined ? [] : [definitions.onePassword]),
        ...(everywhere ? [] : namespaces.values()),
      ],
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  items.forEach((item, i) => {
    const namespace = namespaces.get(item.namespace);
    new OnePasswordItem(
      `${name}-${item.namespace}-${item.name}`,
      {
        ...item,
        ...(found[i] === undefined ? {} : { found: found[i] }),
        server,
        after: [made.ready, ...(namespace === undefined ? [] : [namespace])],
      },
      { providers: [kubernetes] },
    );
  });
  return namespaces;
}

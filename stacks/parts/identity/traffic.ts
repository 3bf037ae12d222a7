import { teamHost } from "../../../components/edge/open-id.ts";
import { dexPorts, identityNamespace } from "../../../components/identity/names.ts";
import {
  apiServer,
  names,
  nodes,
  pods,
  tcp,
  type Flow,
  type Pods,
} from "../../../components/policies/flow.ts";
import { dnsName } from "../../../components/policies/names.ts";
import type { SiteConfig } from "../../schema.ts";
import { server as argocdServer } from "../argocd/traffic.ts";
import { inPod } from "../gateway/plans.ts";
import { gatewayProxies } from "../gateway/traffic.ts";
import { grafanaPods } from "../monitoring/traffic.ts";
import type { IdentityConfig } from "./schema.ts";

const dex = pods("Dex", identityNamespace.name, { "app.kubernetes.io/name": "dex" });

const why = "who somebody is";

/** What people sign on to asks the provider who they are. */
export function identityTraffic(config: SiteConfig): readonly Flow[] {
  const { identity, edge } = config;
  if (identity === undefined) return [];
  if (identity.dex !== undefined) return dexTraffic(config, identity, identity.dex);
  if (edge?.team === undefined) return [];
  const access = { to: names(dnsName(teamHost(edge.team))), ports: tcp(443), why };
  return [...byEndpoint(config, identity), ...byIssuer(identity)].map((from) => ({
    ...{ from, ...access },
  }));
}

/** Who is told the addresses that it asks: Grafana, and the proxies of routes with a login. */
function byEndpoint({ gateway }: SiteConfig, { grafana, routes }: IdentityConfig): readonly Pods[] {
  const guarded = Object.keys(routes).flatMap((name) => gateway?.routes[name]?.gateway ?? []);
  return [
    ...(grafana === undefined ? [] : [grafanaPods]),
    ...[...new Set(guarded)].map(gatewayProxies),
  ];
}

/** Who finds out by the issuer's name. */
const byIssuer = ({ argocd }: IdentityConfig): readonly Pods[] =>
  argocd === undefined ? [] : [argocdServer];

/**
 * Dex keeps its keys at the API server, by which the doctor asks it. Who goes by the issuer's name comes to the gateway of the
 * LAN, as browsers do.
 */
function dexTraffic(
  config: SiteConfig,
  identity: IdentityConfig,
  { hostname }: NonNullable<IdentityConfig["dex"]>,
): readonly Flow[] {
  const [to, ports] = [dex, tcp(dexPorts.https)];
  const gateway = { to: gatewayProxies("lan"), ports: tcp(inPod(443)), why };
  return [
    { from: dex, to: apiServer, why: "its keys, and logins in progress" },
    { from: apiServer, to, ports, why: "whether it answers" },
    ...byEndpoint(config, identity).map((from): Flow => ({ from, to, ports, why })),
    ...byIssuer(identity).flatMap((from): readonly Flow[] => [
      { from, ...gateway },
      { from, to: { kind: "questions", names: [dnsName(hostname)] }, why },
    ]),
    ...(identity.kubernetes === undefined ? [] : [{ from: nodes, ...gateway } satisfies Flow]),
  ];
}

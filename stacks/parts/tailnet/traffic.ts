import {
  apiServer,
  cluster,
  everyPort,
  internet,
  pods,
  tcp,
  world,
  type Flow,
  type Networks,
} from "../../../components/policies/flow.ts";
import { dnsName, everyName, namesBelow } from "../../../components/policies/names.ts";
import { operatorNamespace } from "../../../components/tailnet/operator-values.ts";
import type { SiteConfig } from "../../schema.ts";
import { connectorPlan } from "./look.ts";

const operator = pods("operator", operatorNamespace.name, { app: "operator" });

/** What the operator makes of Connectors (tailscale/tailscale cmd/k8s-operator/sts.go: the labels of their pods). */
const connectors = pods("connector", operatorNamespace.name, {
  "tailscale.com/managed": "true",
  "tailscale.com/parent-resource-type": "connector",
});

/** Proxies of Services that are exposed to the tailnet. */
export const serviceProxies = pods("proxies", operatorNamespace.name, {
  "tailscale.com/managed": "true",
  "tailscale.com/parent-resource-type": "svc",
});

/**
 * Devices of the tailnet that run in the cluster. Peers and relays are reached by addresses that the control plane tells
 * and no lookup does (derp/derphttp: the addresses of relays stand in their map), so HTTPS is open to the internet, and UDP
 * to everybody outside. What the Connector passes on for other devices, the tailnet's policy has let through.
 * @see https://tailscale.com/kb/1082/firewall-ports
 */
export function tailnetTraffic(config: SiteConfig): readonly Flow[] {
  const { tailnet, networkPolicy } = config;
  if (tailnet === undefined) return [];
  const { routes, exitNode } = connectorPlan(config, tailnet);
  const outside: Networks = {
    kind: "networks",
    title: "the connector's routes",
    networks: routes.map((cidr) => ({ cidr })),
  };
  const device = [operator, connectors, serviceProxies].flatMap((from): readonly Flow[] => [
    { from, to: apiServer, why: "its objects and its state" },
    { from, to: internet, ports: tcp(443, 80), why: "control plane and relays" },
    { from, to: world, ports: everyPort("UDP"), why: "other devices of the tailnet, directly" },
    {
      from,
      to: {
        kind: "questions",
        names: [namesBelow("tailscale.com"), dnsName("acme-v02.api.letsencrypt.org")],
      },
      why: "control plane, relays and certificates",
    },
  ]);
  const why = "what the tailnet's policy lets through the connector";
  return [
    ...device,
    ...(networkPolicy?.tailnet === false
      ? []
      : [{ from: connectors, to: cluster, ports: "all", why } as const]),
    { from: connectors, to: exitNode ? world : outside, ports: "all", why },
    ...(exitNode
      ? [
          {
            from: connectors,
            to: { kind: "questions", names: [everyName] },
            why: "lookups of devices that go out through it",
          } as const,
        ]
      : []),
  ];
}

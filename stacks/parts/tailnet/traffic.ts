import {
  apiServer,
  cluster,
  everyPort,
  internet,
  nodes,
  others,
  pods,
  tcp,
  world,
  type Flow,
  type Networks,
  type Pods,
} from "../../../components/policies/flow.ts";
import { dnsName, everyName, namesBelow } from "../../../components/policies/names.ts";
import { operatorNamespace } from "../../../components/tailnet/operator-values.ts";
import type { SiteConfig } from "../../schema.ts";
import type { Exposed } from "../policies/schema.ts";
import { connectorPlan } from "./look.ts";

const operator = pods("operator", operatorNamespace.name, { app: "operator" });

const managed = { "tailscale.com/managed": "true" };

/** All devices that the operator makes (tailscale/tailscale cmd/k8s-operator/sts.go, proxygroup_specs.go: their pods' labels). */
const devices = pods("proxies", operatorNamespace.name, managed);

/** Those that it makes of one kind of objects. */
const madeOf = (title: string, type: string): Pods =>
  pods(title, operatorNamespace.name, { ...managed, "tailscale.com/parent-resource-type": type });

/** Pods of Connectors. */
export const connectors = madeOf("connector", "connector");

/** Proxies of Services: exposed to the tailnet, or ways to a device of it. */
export const serviceProxies = madeOf("proxies of Services", "svc");

/** A group's pods are labelled alike, whether it is one of ingress, of egress or for the API servers. */
const groups = madeOf("ProxyGroups", "proxygroup");

/** The proxies of one Service, Ingress or ProxyGroup. */
export const proxiesOf = (name: string): Pods =>
  pods(`proxies of ${name}`, operatorNamespace.name, {
    ...managed,
    "tailscale.com/parent-resource": name,
  });

/** Pods of Recorders (cmd/k8s-operator/tsrecorder_specs.go); where they keep recordings is not known here. */
const recorders = pods("recorders", operatorNamespace.name, {
  "app.kubernetes.io/name": "recorder",
  "app.kubernetes.io/managed-by": "tailscale-operator",
});

/** Where proxies tell whether they are well (sts.go: defaultLocalAddrPort). */
const health = tcp(9002);

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
  const device = [operator, devices, recorders].flatMap((from): readonly Flow[] => [
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
    ...proxyTraffic(networkPolicy?.exposed ?? []),
    // Of itself: to Cilium a machine is neither in a network nor in the world (its policyCIDRMatchMode, which is not set).
    { from: connectors, to: networkPolicy?.tailnet === false ? nodes : cluster, ports: "all", why },
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

/**
 * What proxies pass on, in either direction. Proxies lead to what the site declares of its own namespaces and to all others;
 * pods of others go through egress proxies, at ports that the operator chooses, and the site's own say through which.
 */
function proxyTraffic(exposed: Exposed): readonly Flow[] {
  const each = [serviceProxies, madeOf("proxies of Ingresses", "ingress"), groups];
  return [
    ...each.flatMap((proxies): readonly Flow[] => [
      { from: proxies, to: others, ports: "all", why: "what is exposed to the tailnet there" },
      { from: others, to: proxies, ports: "all", why: "devices of the tailnet, through them" },
      ...exposed.map(({ namespace, labels, ports, protocol }): Flow => {
        const listed = ports.map((port) => ({ port, protocol }));
        const why = "exposed by homelab:networkPolicy.exposed";
        return { from: proxies, to: pods(namespace, namespace, labels), ports: listed, why };
      }),
    ]),
    // egress-pod-readiness.go; cmd/containerboot/egressservices.go: one that ends waits until its Service leads to others.
    { from: operator, to: groups, ports: health, why: "whether they are ready" },
    { from: groups, to: groups, ports: health, why: "whether another one has taken over" },
  ];
}

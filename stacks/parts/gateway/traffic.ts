import { proxyLabels } from "../../../components/gateway/envoy-proxy.ts";
import {
  gatewayNamespace,
  type GatewayName,
  type ListenerPlan,
} from "../../../components/gateway/plan.ts";
import {
  apiServer,
  others,
  pods,
  tcp,
  world,
  type Flow,
  type Pods,
  type Port,
} from "../../../components/policies/flow.ts";
import { namesBelow } from "../../../components/policies/names.ts";
import type { Exposure } from "../../apps/application.ts";
import { argocdNamespace, argocdServer } from "../../../components/argocd/names.ts";
import type { SiteConfig } from "../../schema.ts";
import { server as argocd } from "../argocd/traffic.ts";
import { cloudflaredPods } from "../edge/traffic.ts";
import { appPods } from "../policies/egress.ts";
import { serviceProxies } from "../tailnet/traffic.ts";
import { domainsOf, gatewayPlans, inPod } from "./plans.ts";

type Gateway = NonNullable<SiteConfig["gateway"]>;

const { name: namespace } = gatewayNamespace;

/** The controller's chart (gateway-helm: templates/envoy-gateway-deployment.yaml, certgen.yaml). */
const controller = pods("controller", namespace, { "control-plane": "envoy-gateway" });
const certgen = pods("certgen", namespace, { app: "certgen" });

/** What the controller makes of Gateways (envoyproxy/gateway internal/infrastructure/kubernetes/proxy, ratelimit). */
const proxies = pods("proxies", namespace, { "app.kubernetes.io/component": "proxy" });
const limiter = pods("rate limits", namespace, { "app.kubernetes.io/component": "ratelimit" });

/** The proxies of one gateway. */
export const gatewayProxies = (gateway: GatewayName): Pods =>
  pods(`proxies of ${gateway}`, namespace, proxyLabels(gateway));

/**
 * Proxies take their configuration from the controller, clients come to the gateway that is for them, and proxies reach the
 * Services that routes name. A Service's own ports say nothing of its pods', so routes to other namespaces open all.
 */
export function gatewayTraffic(
  { gateway, apps }: SiteConfig,
  portOf: (app: string) => number | undefined,
  podsOf: (app: string) => Pods = appPods,
): readonly Flow[] {
  if (gateway === undefined) return [];
  const own: readonly Flow[] = [
    ...[controller, certgen].map((from): Flow => ({ from, to: apiServer, why: "its objects" })),
    { from: proxies, to: controller, ports: tcp(18_000, 18_002), why: "their configuration" },
    ...(gateway.redis === undefined
      ? []
      : ([
          { from: proxies, to: limiter, ports: tcp(8081), why: "counts requests" },
          { from: limiter, to: controller, ports: tcp(18_001), why: "its limits" },
          { from: limiter, ...redis(gateway.redis), why: "where requests are counted" },
        ] satisfies Flow[])),
  ];
  const clients = gatewayPlans(gateway, []).flatMap(({ name, listeners }): readonly Flow[] => {
    const ports = portsOf(name, listeners);
    const why = `clients of the gateway ${name}`;
    const from = { lan: world, internal: serviceProxies, public: cloudflaredPods }[name];
    const to = gatewayProxies(name);
    if (from.kind === "pods") return [{ from, to, ports, why }];
    // Pods of your own ask by the site's names too, as for tokens of an identity provider behind the gateway.
    return [from, others].map((one): Flow => ({ from: one, to, ports, why }));
  });
  const routes = Object.entries(gateway.routes).map(([name, route]): Flow => {
    const port = route.namespace in apps ? portOf(route.namespace) : undefined;
    const why = `the route ${name}`;
    const from = gatewayProxies(route.gateway);
    // No pods are behind this one.
    if (route.namespace === "default" && route.service === "kubernetes")
      return { from, to: apiServer, why };
    if (route.namespace === argocdNamespace.name && route.service === argocdServer.name)
      return { from, to: argocd, ports: tcp(argocdServer.inPod), why };
    return port === undefined
      ? { from, to: pods(route.namespace, route.namespace), ports: "all", why }
      : { from, to: appPods(route.namespace), ports: tcp(port), why };
  });
  return [...own, ...clients, ...routes, ...applications(apps, gateway, podsOf)];
}

/** The way to the gateway of the LAN, and lookups of the names that lead there, for applications that declare it. */
function applications(
  apps: SiteConfig["apps"],
  gateway: Gateway,
  podsOf: (app: string) => Pods,
): readonly Flow[] {
  const declared: Readonly<Record<string, Exposure | undefined>> = apps;
  const found = domainsOf("lan", gateway).map(namesBelow);
  return Object.entries(declared).flatMap(([name, app]): readonly Flow[] => {
    if (!app?.egress.some((entry) => entry.gateway)) return [];
    const [from, why] = [podsOf(name), `declared by homelab:apps.${name}.egress`];
    return [
      { from, to: gatewayProxies("lan"), ports: portsOf("lan", gateway.lan.listeners), why },
      { from, to: { kind: "questions", names: found }, why },
    ];
  });
}

/** Where a gateway's proxies listen inside of their pods. */
function portsOf(gateway: GatewayName, listeners: readonly ListenerPlan[]): readonly Port[] {
  return [
    ...tcp(inPod(80), ...(gateway === "public" ? [] : [inPod(443)])),
    ...listeners.map(({ port, protocol }): Port => ({
      port: inPod(port),
      protocol: protocol === "udp" ? "UDP" : "TCP",
    })),
  ];
}

/** The pods behind `SERVICE.NAMESPACE...:PORT`; anything else is outside of the cluster and reached by nobody's rule. */
function redis(address: string): { readonly to: Pods; readonly ports: "all" } {
  const [, space = ""] = (address.split(":")[0] ?? "").split(".");
  return { to: pods(space, space), ports: "all" };
}

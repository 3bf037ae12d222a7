import { output, type Resource } from "@pulumi/pulumi";
import { EnvoyGateway } from "../../../components/gateway/envoy-gateway.ts";
import { doorOf } from "../../../components/edge/public-name.ts";
import type { Publication } from "../../../components/edge/publication.ts";
import {
  publicService,
  type GatewayPlan,
  type WildcardCertificate,
} from "../../../components/gateway/plan.ts";
import type { RouteArgs, RoutePolicies } from "../../../components/gateway/route-resources.ts";
import {
  HttpRoute,
  TcpRoute,
  TlsRoute,
  UdpRoute,
} from "../../../components/gateway/route-resources.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import type { SiteCertificates } from "../certificates/deploy.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { SiteIdentity } from "../identity/deploy.ts";
import type { SiteTailnet } from "../tailnet/deploy.ts";
import { gatewayDevice, gatewayPlans, httpParents, wildcardDomains } from "./plans.ts";
import { publicRoutes } from "./published.ts";
import type { RouteConfig } from "./route-schema.ts";

/** The gateways, for what routes through them. */
export interface SiteGateways {
  /** All are programmed. */
  readonly ready: Resource;
  /** With the certificates that their listeners have. */
  readonly plans: readonly GatewayPlan[];
}

/** What the gateways find there. */
export interface GatewaySurroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  /** Without them there is no HTTPS. */
  readonly certificates: SiteCertificates | undefined;
  readonly tailnet: SiteTailnet | undefined;
}

/** Raises the gateways of the config; undefined where the part is switched off. */
export function deployGateway(
  { name, config }: Site,
  { nodes: [machine, ...further] }: SiteCluster,
  { definitions, running: { ready, kubernetes }, certificates, tailnet }: GatewaySurroundings,
): SiteGateways | undefined {
  const { gateway, network } = config;
  if (gateway === undefined) return undefined;
  const kinds = [definitions.gatewayApi, definitions.envoyGateway].filter(
    (step) => step !== undefined,
  );
  // With the Service of the gateway `internal` a namespace that outlives the operator never ends.
  const operator = gateway.internal.enabled && tailnet !== undefined ? [tailnet.operator] : [];
  const gateways = gatewayPlans(gateway, wildcards(certificates));
  const made = new EnvoyGateway(
    name,
    {
      version: gateway.envoyGateway,
      values: {
        replicas: further.length > 0 ? 2 : 1,
        clusterDomain: network.clusterDomain,
        redis: gateway.redis,
      },
      gateways,
      scale: gateway.proxies,
      bgp: network.bgp !== undefined,
      pods: network.pods,
      device: gatewayDevice(name),
      machine,
      certificates: certificates && {
        namespace: certificates.namespace,
        ready: certificates.ready,
      },
    },
    { providers: [kubernetes], dependsOn: [ready, ...kinds, ...operator] },
  );
  return { ready: made.ready, plans: gateways };
}

/** What routes find there. */
export interface RouteSurroundings {
  /** What parts of the site they lead to: each by its namespace, with the step that makes its Services. */
  readonly targets: Readonly<Record<string, Resource | undefined>>;
  readonly identity: SiteIdentity;
}

/** The routes, for what is reached by them. */
export interface SiteRoutes {
  /** What the edge publishes: names of routes at the gateway `public`. */
  readonly published: readonly Publication[];
  /** The steps after which routes are accepted, by their names. */
  readonly accepted: Readonly<Record<string, Resource>>;
}

/** Registers the routes of the config, each after the part that it leads to. */
export function deployRoutes(
  { config }: Site,
  { nodes: [machine] }: SiteCluster,
  { kubernetes }: RunningCluster,
  gateways: SiteGateways | undefined,
  { targets, identity }: RouteSurroundings,
): SiteRoutes {
  const { gateway, network } = config;
  if (gateway === undefined || gateways === undefined) return { published: [], accepted: {} };
  const { ready, plans } = gateways;
  const made = Object.entries(gateway.routes).map(([route, plan]) => {
    const target = targets[plan.namespace];
    return {
      ...{ route, plan },
      step: deployRoute(
        route,
        plan,
        { machine, gateways: plans, ...signOn(config, route, identity) },
        { providers: [kubernetes], dependsOn: [ready, ...(target === undefined ? [] : [target])] },
      ),
    };
  });
  const service = publicService(network.clusterDomain);
  const published = publicRoutes(config).map(({ hostname, ...door }) => ({
    // Of several routes one name is shown: it is called by itself.
    ...{ name: hostname, hostname, service, ...doorOf(door) },
    after: made
      .filter(({ plan }) => plan.gateway === "public" && plan.hostnames.includes(hostname))
      .map(({ step }) => step),
  }));
  return {
    published,
    accepted: Object.fromEntries(made.map(({ route, step }) => [route, step])),
  };
}

/** The certificates that cover all names below a domain; the first of each domain. */
function wildcards(made: SiteCertificates | undefined): readonly WildcardCertificate[] {
  const all = (made?.certificates ?? []).flatMap(({ names, secret }) =>
    wildcardDomains(names).map((domain) => ({
      domain,
      secret: { namespace: made?.namespace ?? "", name: secret },
    })),
  );
  return all.filter(({ domain }, i) => all.findIndex((one) => one.domain === domain) === i);
}

/** What a route is made with besides its config. */
interface RouteMeans extends Pick<RouteArgs, "machine">, Pick<RoutePolicies, "signOn"> {
  readonly gateways: readonly GatewayPlan[];
}

/** Who signs on before a route lets anybody through, where the config says so. */
function signOn(
  { identity: section }: SiteConfig,
  route: string,
  { routes }: SiteIdentity,
): Pick<RoutePolicies, "signOn"> {
  const [emails, client] = [section?.routes[route], routes[route]];
  if (emails === undefined || client === undefined) return {};
  const { provider, issuer, endpoints, clientId, clientSecret } = client;
  const plan = output({ issuer, endpoints, clientId }).apply((made) => ({
    ...{ ...made, provider, emails },
  }));
  return { signOn: { plan, clientSecret } };
}

/** Registers a route; returned is the step after which it is accepted. */
function deployRoute(
  name: string,
  route: RouteConfig,
  { machine, gateways, signOn: people }: RouteMeans,
  opts: { readonly providers: RunningCluster["kubernetes"][]; readonly dependsOn: Resource[] },
): Resource {
  const { gateway, listener, hostnames, namespace, service, port, timeout } = route;
  const args = { route: name, namespace, machine };
  const [parents, backends] = [[{ gateway, listener }], [{ service, port }]];
  const resource = `route-${name}`;
  switch (route.kind) {
    case "http": {
      const matches =
        route.path === undefined
          ? {}
          : { matches: [{ path: { type: "PathPrefix" as const, value: route.path } }] };
      const plan = {
        ...{ parents: httpParents(route, gateways), hostnames },
        rules: [{ ...matches, backends, ...(timeout === undefined ? {} : { timeout }) }],
      };
      return new HttpRoute(resource, { ...args, ...policies(route), signOn: people, plan }, opts)
        .accepted;
    }
    case "tls": {
      const [first = "", ...others] = hostnames;
      const plan = { parents, hostnames: [first, ...others] as const, backends };
      return new TlsRoute(resource, { ...args, plan }, opts).accepted;
    }
    case "tcp":
    case "udp": {
      const plan = { parents: [{ gateway, listener: listener ?? "" }], backends };
      const Route = route.kind === "tcp" ? TcpRoute : UdpRoute;
      return new Route(resource, { ...args, plan }, opts).accepted;
    }
  }
}

const units = { second: "Second", minute: "Minute", hour: "Hour" } as const;

function policies({ body, rateLimit, allow }: RouteConfig): RoutePolicies {
  const traffic = {
    ...(body === undefined ? {} : { body }),
    ...(rateLimit === undefined
      ? {}
      : {
          rateLimit: {
            scope: rateLimit.scope,
            requests: rateLimit.requests,
            unit: units[rateLimit.per],
            perClient: rateLimit.perClient,
          },
        }),
  };
  return {
    ...(Object.keys(traffic).length === 0 ? {} : { traffic }),
    ...(allow === undefined ? {} : { security: { allow } }),
  };
}

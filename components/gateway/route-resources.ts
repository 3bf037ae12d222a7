import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import {
  backendTrafficSpec,
  securitySpec,
  type BackendTraffic,
  type PolicyTarget,
  type Security,
} from "./policies.ts";
import { prove, type RouteKind } from "./proof.ts";
import { routeSecret, signedOn, type RouteSignOn } from "./sign-on.ts";
import {
  httpRouteSpec,
  portRouteSpec,
  tlsRouteSpec,
  type HttpRoutePlan,
  type PortRoutePlan,
  type TlsRoutePlan,
} from "./routes.ts";

/** What every route has besides its plan. */
export interface RouteArgs {
  /** Name of the route in its namespace, which is its backends' as well. */
  readonly route: string;
  readonly namespace: string;
  /** A server, where the cluster is asked whether the route is accepted. */
  readonly machine: ReachedMachine;
}

/** Policies of a route; they have its name. */
export interface RoutePolicies {
  readonly traffic?: BackendTraffic;
  readonly security?: Security;
  /** Who has to sign on, and the client's secret. */
  readonly signOn?:
    { readonly plan: Output<RouteSignOn>; readonly clientSecret: Output<string> } | undefined;
}

/** Kinds of routes, and what kubectl calls them. */
const routeKinds = {
  HTTPRoute: "httproute",
  TLSRoute: "tlsroute",
  TCPRoute: "tcproute",
  UDPRoute: "udproute",
} as const satisfies Partial<Record<PolicyTarget["kind"], RouteKind>>;

interface Registered {
  readonly kind: keyof typeof routeKinds;
  readonly spec: object;
}

/** A route with its policies. `opts.dependsOn` says after what its gateway is programmed and its namespace is there. */
abstract class Route extends ComponentResource {
  /** Accepted, with all references resolved. */
  readonly accepted: Resource;

  protected constructor(
    name: string,
    args: RouteArgs & RoutePolicies,
    { kind, spec }: Registered,
    opts?: ComponentResourceOptions,
  ) {
    super(`homelab:gateway:${kind}`, name, {}, opts);
    const { route, namespace, machine } = args;
    const metadata = { name: route, namespace };
    const policies = policiesOf(args, kind);
    const secrets = this.clientSecret(name, args);
    const registered = policies.map(
      ({ role, object }) =>
        new CustomResource(
          `${name}-${role}`,
          { apiVersion: "gateway.envoyproxy.io/v1alpha1", ...object, metadata },
          { parent: this, dependsOn: secrets },
        ),
    );
    const resource = new CustomResource(
      `${name}-route`,
      { apiVersion: "gateway.networking.k8s.io/v1", kind, metadata, spec },
      // Where people have to sign on, the route is open to nobody before.
      { parent: this, dependsOn: args.signOn === undefined ? [] : registered },
    );
    this.accepted = prove(
      `${name}-accepted`,
      {
        machine,
        objects: [
          { kind: routeKinds[kind], namespace, name: route },
          ...policies.map(({ proven }) => ({ kind: proven, namespace, name: route })),
        ],
        specs: output(policies.map(({ object }) => object)).apply((objects) =>
          JSON.stringify([spec, ...objects]),
        ),
        after: [resource, ...registered],
      },
      this,
    );
    this.registerOutputs({});
  }

  private clientSecret(
    name: string,
    { route, namespace, signOn }: RouteArgs & RoutePolicies,
  ): Resource[] {
    if (signOn === undefined) return [];
    const { name: secretName, key } = routeSecret(route);
    return [
      new Secret(
        `${name}-sign-on`,
        {
          metadata: { name: secretName, namespace },
          stringData: { [key]: secret(signOn.clientSecret) },
        },
        { parent: this },
      ),
    ];
  }
}

function policiesOf(
  { route, traffic, security, signOn }: RouteArgs & RoutePolicies,
  kind: Registered["kind"],
) {
  const target = { kind, name: route };
  return [
    ...(traffic === undefined
      ? []
      : [
          {
            role: "traffic",
            proven: "backendtrafficpolicy" as const,
            object: { kind: "BackendTrafficPolicy", spec: backendTrafficSpec(target, traffic) },
          },
        ]),
    ...(security === undefined && signOn === undefined
      ? []
      : [
          {
            role: "security",
            proven: "securitypolicy" as const,
            object: {
              kind: "SecurityPolicy",
              spec: output(signOn?.plan).apply((plan) =>
                securitySpec(target, {
                  ...security,
                  ...(plan === undefined ? {} : signedOn(route, plan)),
                }),
              ),
            },
          },
        ]),
  ];
}

export interface HttpRouteArgs extends RouteArgs, RoutePolicies {
  readonly plan: HttpRoutePlan;
}

/** An HTTPRoute: names and paths of HTTP and HTTPS to Services. */
export class HttpRoute extends Route {
  constructor(name: string, args: HttpRouteArgs, opts?: ComponentResourceOptions) {
    super(name, args, { kind: "HTTPRoute", spec: httpRouteSpec(args.plan) }, opts);
  }
}

export interface TlsRouteArgs extends RouteArgs {
  readonly plan: TlsRoutePlan;
}

/** A TLSRoute: TLS that is passed through to Services by the name in the handshake. */
export class TlsRoute extends Route {
  constructor(name: string, args: TlsRouteArgs, opts?: ComponentResourceOptions) {
    super(name, args, { kind: "TLSRoute", spec: tlsRouteSpec(args.plan) }, opts);
  }
}

export interface PortRouteArgs extends RouteArgs {
  readonly plan: PortRoutePlan;
}

/** A TCPRoute: a listener's connections to Services. */
export class TcpRoute extends Route {
  constructor(name: string, args: PortRouteArgs, opts?: ComponentResourceOptions) {
    super(name, args, { kind: "TCPRoute", spec: portRouteSpec(args.plan) }, opts);
  }
}

/** A UDPRoute: a listener's datagrams to Services. */
export class UdpRoute extends Route {
  constructor(name: string, args: PortRouteArgs, opts?: ComponentResourceOptions) {
    super(name, args, { kind: "UDPRoute", spec: portRouteSpec(args.plan) }, opts);
  }
}

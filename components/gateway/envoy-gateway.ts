import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { envoyProxySpec, parametersRef, serviceAnnotations } from "./envoy-proxy.ts";
import { controllerName, gatewayValues, type GatewayValues } from "./gateway-values.ts";
import { gatewayGroup, listenersOf } from "./listeners.ts";
import {
  gatewayClass,
  gatewayNamespace,
  httpListener,
  type GatewayPlan,
  type ProxyScale,
} from "./plan.ts";
import { clientTrafficSpec, type ClientTraffic } from "./policies.ts";
import { prove } from "./proof.ts";
import { httpRouteSpec } from "./routes.ts";

export interface EnvoyGatewayArgs {
  /** Version of Envoy Gateway and of its chart, for example `v1.9.1`. */
  readonly version: string;
  readonly values: GatewayValues;
  readonly gateways: readonly GatewayPlan[];
  readonly scale: ProxyScale;
  /** Whether load balancers are announced by BGP. */
  readonly bgp: boolean;
  /** Pod network in CIDR form: from there cloudflared forwards what clients on the internet ask for. */
  readonly pods: string;
  /** Name of the gateway's device in the tailnet. */
  readonly device: string;
  /** A server, where the cluster is asked whether all is programmed. */
  readonly machine: ReachedMachine;
  /** Where the certificates lie that listeners name, and after what they are there; without them there is no HTTPS. */
  readonly certificates: { readonly namespace: string; readonly ready: Resource } | undefined;
}

/**
 * Envoy Gateway with the site's gateways. `opts.dependsOn` says after what its kinds are served and pods run; the cluster's
 * provider is that of `opts.providers`.
 */
export class EnvoyGateway extends ComponentResource {
  /** Every gateway has an address, its proxies run, and all of its listeners are programmed: routes depend on it. */
  readonly ready: Resource;

  constructor(name: string, args: EnvoyGatewayArgs, opts?: ComponentResourceOptions) {
    super("homelab:gateway:EnvoyGateway", name, {}, opts);
    const release = this.release(args, this.namespace(name));
    const accepted = this.gatewayClass(release);
    const granted = this.grant(args);
    const gateways = args.gateways.flatMap((plan) => this.gateway(plan, args, accepted));
    this.ready = this.proof(name, args, [...gateways, ...granted]);
    this.registerOutputs({});
  }

  private namespace(name: string): Namespace {
    return makeNamespace(`${name}-gateway-namespace`, gatewayNamespace, { parent: this });
  }

  private release({ version, values }: EnvoyGatewayArgs, namespace: Namespace): Resource {
    return helmRelease(
      "envoy-gateway",
      {
        name: "envoy-gateway",
        namespace: namespace.metadata.name,
        chart: "oci://docker.io/envoyproxy/gateway-helm",
        version,
        // The kinds are the program's own; see components/definitions.
        skipCrds: true,
        values: gatewayValues(values),
        timeout: 900,
      },
      { parent: this },
    );
  }

  private gatewayClass(release: Resource): Resource {
    return new CustomResource(
      "gateway-class",
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "GatewayClass",
        metadata: {
          name: gatewayClass,
          annotations: { "pulumi.com/waitFor": "condition=Accepted" },
        },
        spec: { controllerName },
      },
      { parent: this, dependsOn: [release] },
    );
  }

  /** Lets the gateways read certificates' Secrets in the namespace that these lie in. */
  private grant({ certificates }: EnvoyGatewayArgs): readonly Resource[] {
    if (certificates === undefined) return [];
    const { namespace, ready } = certificates;
    const grant = new CustomResource(
      "gateway-certificates",
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "ReferenceGrant",
        metadata: { name: "gateways", namespace },
        spec: grantSpec(),
      },
      // The namespace is theirs, and there before they are.
      { parent: this, dependsOn: [ready] },
    );
    return [grant];
  }

  /** The Gateway, after what it runs on; nothing here is waited for, so that one proof names what does not hold. */
  private gateway(
    plan: GatewayPlan,
    args: EnvoyGatewayArgs,
    accepted: Resource,
  ): readonly Resource[] {
    const { name } = plan;
    const proxy = this.proxy(plan, args, accepted);
    const gateway = new CustomResource(
      `gateway-${name}`,
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "Gateway",
        metadata: { name, namespace: gatewayNamespace.name },
        spec: gatewaySpec(plan, args.device),
      },
      { parent: this, dependsOn: [accepted, proxy] },
    );
    const after = { parent: this, dependsOn: [gateway] };
    const clients = this.clients(plan, args, after);
    return redirects(plan) ? [clients, this.redirect(plan, after)] : [clients];
  }

  private proxy({ name }: GatewayPlan, args: EnvoyGatewayArgs, accepted: Resource): Resource {
    const { scale, bgp } = args;
    return new CustomResource(
      `gateway-${name}-proxies`,
      {
        apiVersion: "gateway.envoyproxy.io/v1alpha1",
        kind: "EnvoyProxy",
        metadata: { name, namespace: gatewayNamespace.name },
        spec: envoyProxySpec({ gateway: name, scale, bgp }),
      },
      { parent: this, dependsOn: [accepted] },
    );
  }

  /** One for each gateway: of two for the same the controller takes the older. */
  private clients(
    { name }: GatewayPlan,
    { pods }: EnvoyGatewayArgs,
    opts: ComponentResourceOptions,
  ): Resource {
    return new CustomResource(
      `gateway-${name}-clients`,
      {
        apiVersion: "gateway.envoyproxy.io/v1alpha1",
        kind: "ClientTrafficPolicy",
        metadata: { name, namespace: gatewayNamespace.name },
        spec: clientTrafficSpec({ kind: "Gateway", name }, clientTraffic(name, pods)),
      },
      opts,
    );
  }

  private redirect({ name }: GatewayPlan, opts: ComponentResourceOptions): Resource {
    return new CustomResource(
      `gateway-${name}-redirect`,
      {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: { name: redirectRoute(name), namespace: gatewayNamespace.name },
        spec: httpRouteSpec({
          parents: [{ gateway: name, listener: httpListener }],
          rules: [{ redirect: { scheme: "https", status: 301 } }],
        }),
      },
      opts,
    );
  }

  private proof(
    name: string,
    { gateways, machine, device }: EnvoyGatewayArgs,
    after: readonly Resource[],
  ): Resource {
    const namespace = gatewayNamespace.name;
    return prove(
      `${name}-gateways-ready`,
      {
        machine,
        class: gatewayClass,
        objects: gateways.flatMap((plan) => [
          { kind: "gateway", namespace, name: plan.name },
          { kind: "clienttrafficpolicy" as const, namespace, name: plan.name },
          ...(redirects(plan)
            ? [{ kind: "httproute" as const, namespace, name: redirectRoute(plan.name) }]
            : []),
        ]),
        specs: JSON.stringify(gateways.map((plan) => gatewaySpec(plan, device))),
        after,
      },
      this,
    );
  }
}

/**
 * Applications that have an address as part of a path, as Argo CD's page of repositories, write its slashes escaped, and find
 * nothing where these are taken for slashes. Behind cloudflared the client's address stands in a header, which nobody but a pod
 * may have written.
 */
function clientTraffic(name: GatewayPlan["name"], pods: string): ClientTraffic {
  return {
    escapedSlashes: "KeepUnchanged",
    ...(name === "public" ? { trustedProxies: [pods] } : {}),
  };
}

/** Where there is HTTPS, HTTP leads to it; behind cloudflared it has ended before. */
function redirects({ name, certificates }: GatewayPlan): boolean {
  return name !== "public" && certificates.length > 0;
}

/** @see https://gateway-api.sigs.k8s.io/reference/spec/#referencegrant */
export function grantSpec() {
  return {
    from: [{ group: gatewayGroup, kind: "Gateway", namespace: gatewayNamespace.name }],
    to: [{ group: "", kind: "Secret" }],
  };
}

const redirectRoute = (gateway: string): string => `${gateway}-to-https`;

/** @see https://gateway-api.sigs.k8s.io/reference/spec/#gatewayspec */
export function gatewaySpec(plan: GatewayPlan, device: string) {
  const annotations = serviceAnnotations(plan.name, { address: plan.address, device });
  return {
    gatewayClassName: gatewayClass,
    infrastructure: {
      parametersRef: parametersRef(plan.name),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    listeners: listenersOf(plan),
  };
}

import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Resource,
} from "@pulumi/pulumi";
import { OauthClient } from "@pulumi/tailscale/oauthClient.js";
import {
  operatorCharts,
  operatorHostname,
  operatorNamespace,
  operatorSecret,
  operatorValues,
} from "./operator-values.ts";
import {
  connectorClass,
  connectorDevices,
  connectorJoined,
  connectorSpec,
  devicesOfSpec,
  type ConnectorPlan,
} from "./connector.ts";
import type { ProxyClassPlan } from "./proxy-plan.ts";
import { otherClass, otherRelease, tellsRestart } from "./restart-notice.ts";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { tailnetScripts } from "./scripts.ts";
import { freeName, type DeviceApi } from "./stale-devices.ts";
import { siteTags } from "./tags.ts";
import { refusesFurther } from "./taken.ts";

/** The operator's DNS server, which gives pods the tailnet's names that its proxies lead to. */
export interface NameserverPlan {
  /** Its ClusterIP. */
  readonly address: string;
}

export interface TailnetOperatorArgs {
  readonly site: string;
  /** Version of the tailscale-operator chart. */
  readonly chart: string;
  /** The steps after which its kinds are there, which the chart does not bring. */
  readonly kinds: readonly Resource[];
  readonly connector: ConnectorPlan;
  /** What all proxies have in common; the operator's own choice when left out. */
  readonly proxies?: ProxyClassPlan;
  /** None when left out. */
  readonly nameserver?: NameserverPlan;
  /** A server, where the cluster is asked. */
  readonly machine: ReachedMachine;
  readonly api: DeviceApi;
}

/**
 * Tailscale's Kubernetes operator with an OAuth client of its own, and the Connector that it runs. `opts.dependsOn` says
 * after what pods run and the policy knows the tags; it outlives everything here.
 */
export class TailnetOperator extends ComponentResource {
  /** The Connector, once its devices are in the tailnet. */
  readonly connector: Resource;
  /** The release of the operator: Services of its class come after it, and go before it, for it alone lets them go. */
  readonly running: Resource;

  constructor(name: string, args: TailnetOperatorArgs, opts?: ComponentResourceOptions) {
    super("homelab:tailnet:Operator", name, {}, opts);
    const namespace = this.namespace(name);
    const client = this.client(name, args);
    const credentials = this.credentials(name, client, namespace);
    this.running = this.release(args, namespace, { client, credentials });
    this.connector = this.connect(args, this.running);
    if (args.nameserver !== undefined) this.nameserver(name, args, args.nameserver);
    this.registerOutputs({});
  }

  private namespace(name: string): Namespace {
    return makeNamespace(`${name}-namespace`, operatorNamespace, { parent: this });
  }

  private client(name: string, { site }: TailnetOperatorArgs): OauthClient {
    // `services` is for ProxyGroups of your own: https://tailscale.com/docs/kubernetes-operator/install-operator
    return new OauthClient(
      `${name}-oauth`,
      {
        description: `${site} operator`.slice(0, 50),
        scopes: ["devices:core", "auth_keys", "services"],
        tags: [siteTags(site).operator],
      },
      { parent: this },
    );
  }

  private credentials(name: string, client: OauthClient, namespace: Namespace): Secret {
    return new Secret(
      `${name}-${operatorSecret}`,
      {
        metadata: { name: operatorSecret, namespace: namespace.metadata.name },
        stringData: { client_id: client.id, client_secret: secret(client.key) },
      },
      { parent: this },
    );
  }

  private release(
    args: TailnetOperatorArgs,
    namespace: Namespace,
    { client, credentials }: { readonly client: OauthClient; readonly credentials: Secret },
  ): Resource {
    const { site, connector, api } = args;
    const restarts = tellsRestart(
      `${connector.name}-release-restarts`,
      connector,
      this,
      otherRelease,
    );
    const free = freeName(
      `${site}-operator-name`,
      api,
      siteTags(site).operator,
      operatorHostname(site),
    );
    return helmRelease(
      "tailscale-operator",
      {
        name: "tailscale-operator",
        namespace: namespace.metadata.name,
        chart: "tailscale-operator",
        version: args.chart,
        repositoryOpts: { repo: operatorCharts },
        values: operatorValues(site, client.id, args.proxies !== undefined),
        timeout: 900,
      },
      {
        parent: this,
        dependsOn: [credentials, ...args.kinds],
        hooks: { beforeCreate: [free], beforeUpdate: [restarts] },
      },
    );
  }

  /** Deleted for real before the release: the operator's finalizer takes its devices out of the tailnet. */
  private connect(args: TailnetOperatorArgs, release: Resource): Resource {
    const { site, connector, api } = args;
    const { name } = connector;
    const tag = siteTags(site).connector;
    const devices = connectorDevices(connector);
    const free = devices.map((device) => freeName(`${device}-name`, api, tag, device));
    const further = refusesFurther(`${name}-further`, api, site, {
      before: (inputs) => devicesOfSpec((inputs as { spec?: unknown } | undefined)?.spec),
      wanted: devices,
    });
    return new CustomResource(
      name,
      {
        apiVersion: "tailscale.com/v1alpha1",
        kind: "Connector",
        metadata: { name, annotations: { "pulumi.com/waitFor": connectorJoined(connector) } },
        spec: connectorSpec(site, connector),
      },
      {
        parent: this,
        dependsOn: [this.class(args, release)],
        hooks: {
          beforeCreate: free,
          beforeUpdate: [further, tellsRestart(`${name}-restarts`, connector, this, otherClass)],
        },
      },
    );
  }

  /** Waited for: a Connector of a class that is not ready calls itself ready, and has no pods. */
  private class({ connector, proxies }: TailnetOperatorArgs, release: Resource): Resource {
    const { name } = connector;
    return new CustomResource(
      `${name}-class`,
      {
        apiVersion: "tailscale.com/v1alpha1",
        kind: "ProxyClass",
        metadata: { name, annotations: { "pulumi.com/waitFor": "condition=ProxyClassReady" } },
        spec: connectorClass(connector, proxies),
      },
      {
        parent: this,
        dependsOn: [release],
        hooks: {
          beforeUpdate: [tellsRestart(`${name}-class-restarts`, connector, this, () => true)],
        },
      },
    );
  }

  /**
   * There can be one of them in a cluster. Its image is named, because the operator's own choice is a tag that moves; it is of
   * the operator's release, for the two know each other's form of the names. A Service keeps its address for life, so that
   * another one needs another object.
   * @see https://github.com/tailscale/tailscale/blob/v1.102.3/cmd/k8s-operator/nameserver.go
   */
  private nameserver(
    name: string,
    { chart, machine }: TailnetOperatorArgs,
    { address }: NameserverPlan,
  ): void {
    const image = { repo: "tailscale/k8s-nameserver", tag: `v${chart}` };
    const replicas = 2;
    const made = new CustomResource(
      `${name}-nameserver`,
      {
        apiVersion: "tailscale.com/v1alpha1",
        kind: "DNSConfig",
        metadata: {
          name: "ts-dns",
          annotations: { "pulumi.com/waitFor": "condition=NameserverReady" },
        },
        spec: {
          nameserver: {
            image,
            replicas,
            service: { clusterIP: address },
          },
        },
      },
      {
        parent: this,
        dependsOn: [this.running],
        replaceOnChanges: ["spec.nameserver.service"],
        deleteBeforeReplace: true,
      },
    );
    new RemoteStep(
      `${name}-nameserver-runs`,
      {
        machine,
        title: "tailnet-nameserver",
        script: tailnetScripts.nameserver,
        parameters: { IMAGE: `${image.repo}:${image.tag}`, REPLICAS: String(replicas) },
        limitSeconds: 900,
        after: [made],
      },
      { parent: this },
    );
  }
}

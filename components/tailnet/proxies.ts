import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { egressAnnotations, egressSpec, type EgressPlan } from "./egress.ts";
import { operatorNamespace } from "./operator-values.ts";
import {
  defaultProxyClass,
  groupDevices,
  groupImage,
  groupName,
  proxyClassSpec,
  proxyGroupSpec,
  replicasOfSpec,
  type ProxyClassPlan,
  type ProxyGroupPlan,
} from "./proxy-plan.ts";
import { tailnetScripts } from "./scripts.ts";
import { freeService, type ServiceApi } from "./services.ts";
import { freeName, type DeviceApi } from "./stale-devices.ts";
import { siteTags } from "./tags.ts";
import { refusesFurther, refusesMissing } from "./taken.ts";

export interface ProxiesArgs {
  readonly site: string;
  /** Version of the operator's chart. */
  readonly operator: string;
  readonly class: ProxyClassPlan;
  /** Each type at most once. */
  readonly groups: readonly ProxyGroupPlan[];
  /** Needs a group of its own type. */
  readonly egress: readonly EgressPlan[];
  /** A server, where the cluster is asked. */
  readonly machine: ReachedMachine;
  readonly api: DeviceApi & ServiceApi;
}

/**
 * Classes and groups of the operator's proxies, and the hosts of the tailnet that pods reach through them. `opts.dependsOn`
 * says after what the operator runs; it outlives everything here, for it alone takes its finalizers off again.
 */
export class TailnetProxies extends ComponentResource {
  constructor(name: string, args: ProxiesArgs, opts?: ComponentResourceOptions) {
    super("homelab:tailnet:Proxies", name, {}, opts);
    this.class(name, defaultProxyClass, proxyClassSpec(args.class));
    const groups = new Map(
      args.groups.map((plan) => [plan.type, this.group(name, args, plan)] as const),
    );
    const hosts = args.egress.map((plan) =>
      this.egress(name, args.api, plan, groups.get("egress")),
    );
    this.prove(name, args, hosts);
    this.registerOutputs({});
  }

  private class(name: string, of: string, spec: Record<string, unknown>): Resource {
    return new CustomResource(
      `${name}-${of}-class`,
      {
        apiVersion: "tailscale.com/v1alpha1",
        kind: "ProxyClass",
        metadata: { name: of, annotations: { "pulumi.com/waitFor": "condition=ProxyClassReady" } },
        spec,
      },
      { parent: this },
    );
  }

  /** Its type is for life, so that another one is another object. */
  private group(
    name: string,
    { site, operator, class: common, api }: ProxiesArgs,
    plan: ProxyGroupPlan,
  ): Resource {
    const of = groupName(plan.type);
    const devices = groupDevices(site, plan);
    const image = groupImage(plan.type, operator);
    const own = {
      owner: { type: "proxygroup", name: of } as const,
      ...(image === undefined ? {} : { image }),
    };
    const tag = siteTags(site).connector;
    const free = devices.map((device) => freeName(`${device}-name`, api, tag, device));
    const service =
      plan.hostname === undefined ? [] : freeService(`${name}-${of}-name`, api, tag, plan.hostname);
    const further = refusesFurther(`${name}-${of}-further`, api, site, {
      before: (inputs) =>
        groupDevices(site, {
          type: plan.type,
          replicas: replicasOfSpec((inputs as { spec?: unknown } | undefined)?.spec),
        }),
      wanted: devices,
    });
    return new CustomResource(
      `${name}-${of}`,
      {
        apiVersion: "tailscale.com/v1alpha1",
        kind: "ProxyGroup",
        metadata: { name: of, annotations: { "pulumi.com/waitFor": "condition=ProxyGroupReady" } },
        spec: proxyGroupSpec(site, plan),
      },
      {
        parent: this,
        dependsOn: [this.class(name, of, proxyClassSpec(common, own))],
        hooks: { beforeCreate: [...free, ...service], beforeUpdate: [further] },
      },
    );
  }

  /** The operator writes where it leads to, once it has made a Service of its own for it. */
  private egress(
    name: string,
    api: DeviceApi,
    plan: EgressPlan,
    group: Resource | undefined,
  ): Resource {
    const missing = refusesMissing(`${name}-${plan.name}-host`, api, plan);
    return new Service(
      `${name}-egress-${plan.name}`,
      {
        metadata: {
          name: plan.name,
          namespace: operatorNamespace.name,
          annotations: egressAnnotations(plan),
        },
        spec: egressSpec(plan),
      },
      {
        parent: this,
        dependsOn: group === undefined ? [] : [group],
        ignoreChanges: ["spec.externalName"],
        hooks: { beforeCreate: [missing], beforeUpdate: [missing] },
      },
    );
  }

  /** An address needs no finding. */
  private prove(
    name: string,
    { groups, egress, machine }: ProxiesArgs,
    after: readonly Resource[],
  ): Resource | undefined {
    const hosts = egress.flatMap(({ name: host, to }) =>
      "fqdn" in to ? [`${host} ${to.fqdn}`] : [],
    );
    if (hosts.length === 0) return undefined;
    const replicas = groups.find(({ type }) => type === "egress")?.replicas ?? 1;
    return new RemoteStep(
      `${name}-found`,
      {
        machine,
        title: "tailnet-hosts",
        script: tailnetScripts.found,
        parameters: {
          HOSTS: hosts.join("\n"),
          GROUP: groupName("egress"),
          REPLICAS: String(replicas),
        },
        limitSeconds: 1200,
        after,
      },
      { parent: this },
    ).done;
  }
}

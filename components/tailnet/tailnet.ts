import {
  ComponentResource,
  Stash,
  type ComponentResourceOptions,
  type Resource,
} from "@pulumi/pulumi";
import { Acl } from "@pulumi/tailscale/acl.js";
import { DnsSplitNameservers } from "@pulumi/tailscale/dnsSplitNameservers.js";
import { TailnetSettings } from "@pulumi/tailscale/tailnetSettings.js";
import type { ReachedMachine } from "../machine.ts";
import type { RunningCluster } from "../workload/running-cluster.ts";
import { connectorDevices, type ConnectorPlan } from "./connector.ts";
import { departure, type PolicyHistory } from "./departure.ts";
import { refusesTaken } from "./taken.ts";
import { TailnetNodes } from "./nodes.ts";
import { operatorHostname } from "./operator-values.ts";
import { TailnetOperator, type NameserverPlan } from "./operator.ts";
import type { EgressPlan } from "./egress.ts";
import { TailnetProxies } from "./proxies.ts";
import { groupDevices, type ProxyClassPlan, type ProxyGroupPlan } from "./proxy-plan.ts";
import { samePolicy } from "./policy-document.ts";
import { mayOverwrite, policyHooks } from "./policy-guard.ts";
import type { PolicyPlan } from "./policy-plan.ts";
import { policyTextWithout } from "./policy-without.ts";
import { policyText } from "./policy.ts";
import { removeStaleDevices } from "./stale-devices.ts";
import { allTags, siteTags } from "./tags.ts";
import { TailscaleApi } from "./tailscale-api.ts";
import type { PolicyInForce, TailscaleAccess } from "./tailscale-types.ts";

/** The tailnet's policy, for the one stack that owns it. */
export interface OwnedPolicy {
  readonly plan: PolicyPlan;
  /** SHA-256 of a foreign policy that may be replaced, or `default` for Tailscale's own in a tailnet that is in use. */
  readonly adopt?: string | undefined;
  /** The policy in force when the program began; what the first `up` sees is remembered and put back by destroy. */
  readonly inForce: PolicyInForce;
}

export interface TailnetArgs {
  readonly site: string;
  readonly access: TailscaleAccess;
  readonly policy?: OwnedPolicy | undefined;
  /** Whether devices may have HTTPS certificates; left as it is when false. */
  readonly https?: boolean;
  /** All machines; the first is a server. */
  readonly machines: readonly [ReachedMachine, ...ReachedMachine[]];
  /** Tailscale release on the machines, for example `1.102.3`. */
  readonly version: string;
  /** Version of the tailscale-operator chart. */
  readonly operatorChart: string;
  /** The steps after which the operator's kinds are there. */
  readonly kinds: readonly Resource[];
  readonly connector: ConnectorPlan;
  /** What the operator runs besides; none when left out. */
  readonly proxies?: {
    readonly class: ProxyClassPlan;
    readonly groups: readonly ProxyGroupPlan[];
    readonly egress: readonly EgressPlan[];
  };
  /** DNS server for pods that ask for names of the tailnet; none when left out. */
  readonly nameserver?: NameserverPlan;
  /** DNS domain of the site, and the servers that the tailnet asks for it. */
  readonly dns: { readonly domain: string; readonly nameservers: readonly string[] };
  /**
   * Where the operator runs. Its provider is none of `opts.providers`: a component is registered once all of its own are, and
   * policy and machines would wait until the cluster is up.
   */
  readonly cluster: RunningCluster;
}

/**
 * A site's part of the tailnet: policy, machines, operator, Connector, further proxies and split DNS. Tailscale's provider is that of
 * `opts.providers`.
 */
export class Tailnet extends ComponentResource {
  /** The Connector, once its devices are in the tailnet. */
  readonly connector: Resource;
  /** The operator's release. */
  readonly operatorRuns: Resource;
  readonly #api: TailscaleApi;

  constructor(name: string, args: TailnetArgs, opts?: ComponentResourceOptions) {
    super("homelab:tailnet:Tailnet", name, {}, opts);
    this.#api = new TailscaleApi(args.access);
    const policy =
      args.policy === undefined ? undefined : this.policy(name, args.site, args.policy);
    const departed = this.departure(name, args, policy);
    this.nodes(name, args, departed);
    const { connector, running } = this.operator(name, args, departed);
    this.connector = connector;
    this.operatorRuns = running;
    const certificates = args.https === true ? [this.certificates(name)] : [];
    if (args.proxies !== undefined) this.proxies(name, args, args.proxies, certificates);
    this.splitDns(name, args);
    this.registerOutputs({ connector: args.connector.name });
  }

  /** The policy of the whole tailnet, and before it the memory of the one that it replaces. */
  private policy(
    name: string,
    site: string,
    { plan, adopt, inForce }: OwnedPolicy,
  ): PolicyHistory & { readonly acl: Acl } {
    const written = policyText(plan);
    // In the form that Tailscale's server gave it, so that a refresh finds no difference of form.
    const next = samePolicy(inForce.text, written) ? inForce.text : written;
    const names = plan.sites.map((each) => each.name);
    const without = policyTextWithout(plan, site);
    const change = { next, adopt, left: without, tags: names.flatMap(allTags) };
    const { create, update } = policyHooks(`${name}-policy`, this.#api, change);
    // What is remembered stays as it was first, whatever is in force on later runs.
    const before = new Stash(
      `${name}-policy-before`,
      { input: inForce.isDefault ? "" : inForce.text },
      { parent: this, hooks: { beforeCreate: [create] }, ignoreChanges: ["input"] },
    );
    const acl = new Acl(
      `${name}-policy`,
      {
        acl: next,
        // Matters to the first post only; over the default the server itself refuses a policy that came in between.
        overwriteExistingContent: mayOverwrite(inForce, change),
      },
      {
        parent: this,
        dependsOn: [before],
        hooks: { beforeCreate: [create], beforeUpdate: [update] },
        ignoreChanges: ["overwriteExistingContent"],
      },
    );
    const remembered = before.output.apply((text: unknown) =>
      typeof text === "string" ? text : "",
    );
    return {
      acl,
      before: remembered,
      written,
      without,
      others: names.filter((other) => other !== site),
    };
  }

  private departure(
    name: string,
    { site, access, machines, connector, proxies, dns }: TailnetArgs,
    policy: (PolicyHistory & { readonly acl: Acl }) | undefined,
  ): Resource {
    const names = machines.map((machine) => machine.name);
    const stale = removeStaleDevices(`${name}-strays`, this.#api, siteTags(site).node, names);
    const groups = (proxies?.groups ?? []).flatMap((group) => groupDevices(site, group));
    const devices = [...names, operatorHostname(site), ...connectorDevices(connector), ...groups];
    const others = refusesTaken(`${name}-others`, this.#api, { site, names: devices, ...dns });
    return departure(
      name,
      {
        site,
        machine: machines[0],
        machines: names,
        access,
        hooks: [others, stale],
        after: policy === undefined ? [] : [policy.acl],
        ...(policy === undefined ? {} : { policy }),
      },
      this,
    );
  }

  private nodes(name: string, args: TailnetArgs, departed: Resource): void {
    const { site, machines, version } = args;
    new TailnetNodes(
      `${name}-tailnet-nodes`,
      { site, machines, version, api: this.#api },
      { parent: this, dependsOn: [departed] },
    );
  }

  private operator(name: string, args: TailnetArgs, departed: Resource): TailnetOperator {
    const { site, operatorChart, kinds, machines, connector, proxies, nameserver } = args;
    const { ready, kubernetes } = args.cluster;
    return new TailnetOperator(
      `${name}-tailnet-operator`,
      {
        site,
        chart: operatorChart,
        kinds,
        connector,
        ...(proxies === undefined ? {} : { proxies: proxies.class }),
        ...(nameserver === undefined ? {} : { nameserver }),
        machine: machines[0],
        api: this.#api,
      },
      { parent: this, providers: [kubernetes], dependsOn: [ready, departed] },
    );
  }

  /** After certificates may be had: proxies of the API servers are ready once they have theirs. */
  private proxies(
    name: string,
    { site, operatorChart, cluster, machines }: TailnetArgs,
    { class: common, groups, egress }: NonNullable<TailnetArgs["proxies"]>,
    certificates: readonly Resource[],
  ): void {
    new TailnetProxies(
      `${name}-tailnet-proxies`,
      {
        ...{ site, operator: operatorChart, class: common, groups, egress },
        machine: machines[0],
        api: this.#api,
      },
      {
        parent: this,
        providers: [cluster.kubernetes],
        dependsOn: [this.operatorRuns, ...certificates],
      },
    );
  }

  /**
   * The one setting alone: others of the tailnet stay as they are, and so does this one when the site goes. The operator asks
   * for its certificate when somebody connects (k8s-operator/api-proxy/proxy.go), so that nothing waits for it.
   */
  private certificates(name: string): Resource {
    return new TailnetSettings(
      `${name}-tailnet-settings`,
      { httpsEnabled: true },
      { parent: this },
    );
  }

  /** After the Connector: before it no client could reach the servers. */
  private splitDns(name: string, { site, dns }: TailnetArgs): void {
    const others = refusesTaken(`${name}-others-dns`, this.#api, { site, names: [], ...dns });
    new DnsSplitNameservers(
      `${name}-split-dns`,
      { domain: dns.domain, nameservers: [...dns.nameservers] },
      {
        parent: this,
        dependsOn: [this.connector],
        hooks: { beforeCreate: [others] },
        replaceOnChanges: ["domain"],
        deleteBeforeReplace: true,
      },
    );
  }
}

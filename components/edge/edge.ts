import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { ZeroTrustAccessApplication } from "@pulumi/cloudflare/zeroTrustAccessApplication.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Resource,
} from "@pulumi/pulumi";
import { problemsAt } from "../problem.ts";
import type { RunningCluster } from "../workload/running-cluster.ts";
import { Access, type ServiceTokenLogin, type TokenRotation } from "./access.ts";
import { shortestSession, type AccessPlan } from "./access-rules.ts";
import { Cloudflared } from "./cloudflared.ts";
import type { IngressRule } from "./ingress.ts";
import { accessName, recordComment, tunnelTarget } from "./names.ts";
import { nameProblems, teamProblems } from "./public-name.ts";
import type { Publication } from "./publication.ts";
import type { GuardedName } from "./sessions.ts";
import { Tunnel } from "./tunnel.ts";

/** Cloudflare chooses; proxied records take no other. */
const automaticTtl = 1;

/** A public name at an address of the internet. */
export interface PublicAddress {
  readonly hostname: string;
  /** IPv4 or IPv6. */
  readonly address: string;
  /** Whether Cloudflare stands between. */
  readonly proxied: boolean;
}

export interface EdgeArgs {
  readonly site: string;
  readonly accountId: string;
  /** DNS zone of the public names, and its id. */
  readonly zone: string;
  readonly zoneId: string;
  /** TEAM of TEAM.cloudflareaccess.com; names with Access need it. */
  readonly team?: string;
  /** Names below the zone that its certificates cover besides those of one label; `*.` stands for one label. */
  readonly advancedCertificates?: readonly string[];
  /** Release of cloudflared. */
  readonly cloudflared: string;
  /** cloudflared pods; at least 2. */
  readonly replicas: number;
  /** With another number the tunnel has another secret. */
  readonly tunnelSecret?: number | undefined;
  /** Access policies by name. */
  readonly access: Readonly<Record<string, AccessPlan>>;
  /** Service tokens with a new secret beside the old one, by name. */
  readonly rotations?: Readonly<Record<string, TokenRotation>>;
  /** What the site shows to the internet. */
  readonly publish: readonly Publication[];
  /** Public names that lead to addresses, past the tunnel. */
  readonly addresses?: readonly PublicAddress[];
  /**
   * Where cloudflared runs. Its provider is none of `opts.providers`: a component is registered once all of its own are, and
   * Access and tunnel would wait until the cluster is up.
   */
  readonly cluster: RunningCluster;
}

/**
 * The site's door to the internet: who may pass, the tunnel, cloudflared, and the public names. A name has its Access
 * application before the tunnel lets requests in, and resolves last; on the way back it is the first to go. Everything of
 * a name is called after it, so that a new name is built beside the old one and no request meets half of a change.
 * Cloudflare's provider is that of `opts.providers`. Throws when a publication may not be made.
 */
export class Edge extends ComponentResource {
  /** Logins of programs by token name; secret. */
  readonly serviceTokens: Readonly<Record<string, ServiceTokenLogin>>;
  /** Names with Access in front. */
  readonly guarded: readonly GuardedName[];
  /** The policies. */
  readonly access: Resource;

  constructor(name: string, args: EdgeArgs, opts?: ComponentResourceOptions) {
    super("homelab:edge:Edge", name, {}, opts);
    this.check(args);
    const { site, accountId, publish } = args;
    const access = new Access(
      `${name}-access`,
      { site, accountId, policies: args.access, rotations: args.rotations },
      { parent: this },
    );
    const gates = new Map(
      publish
        .filter(({ withoutAccess }) => withoutAccess === undefined)
        .map((publication) => [publication, this.application(args, access, publication)]),
    );
    const names = publish.map((publication) =>
      this.rule(args, publication, gates.get(publication)),
    );
    const tunnel = new Tunnel(
      name,
      // To judge what passed Access, cloudflared asks for the team's keys: policies of the network let it before.
      {
        ...{ site, accountId, names, secretNumber: args.tunnelSecret },
        after: [...gates.values(), args.cluster.ready],
      },
      { parent: this },
    );
    this.cloudflared(`${name}-cloudflared`, args, tunnel);
    for (const publication of publish) {
      this.record(args, tunnel, publication, gates.get(publication));
    }
    for (const one of args.addresses ?? []) this.addressRecord(args, one);
    this.serviceTokens = access.serviceTokens;
    this.access = access;
    this.guarded = [...gates].map(([{ hostname, access: policies }, { id }]) => ({
      ...{ hostname, policies, application: id },
    }));
    this.registerOutputs({ published: publish.map(({ hostname }) => `https://${hostname}`) });
  }

  private check({ zone, team, advancedCertificates, access, publish }: EdgeArgs): void {
    const rules = { zone, advancedCertificates, policies: Object.keys(access) };
    const guarded = publish.filter(({ withoutAccess }) => withoutAccess === undefined);
    const problems = [
      ...teamProblems(team, guarded),
      ...publish.flatMap((publication, i) => {
        const taken = publish.slice(0, i).map(({ hostname }) => hostname);
        return problemsAt(publication.name, nameProblems(publication, rules, taken));
      }),
    ];
    if (problems.length === 0) return;
    throw new Error(problems.map(({ path, text }) => `${path}: ${text}`).join("\n"));
  }

  /** What the tunnel does with requests for a name: with Access in front, it demands the mark of it. */
  private rule(
    { team = "" }: EdgeArgs,
    { hostname, service, path }: Publication,
    gate: ZeroTrustAccessApplication | undefined,
  ): IngressRule<Input<string>> {
    const rule = { hostname, service, ...(path === undefined ? {} : { path }) };
    if (gate === undefined) return rule;
    return {
      ...rule,
      access: { required: true, teamName: team, audTags: [gate.aud] },
    };
  }

  private application(
    args: EdgeArgs,
    access: Access,
    publication: Publication,
  ): ZeroTrustAccessApplication {
    const plans = publication.access.flatMap((policy) => args.access[policy] ?? []);
    return new ZeroTrustAccessApplication(
      `${publication.hostname}-application`,
      {
        accountId: args.accountId,
        name: accessName(args.site, publication.name),
        domain: publication.hostname,
        type: "self_hosted",
        sessionDuration: shortestSession(plans.map(({ sessionDuration }) => sessionDuration)),
        policies: access
          .policyIds(publication.access)
          .map((id, index) => ({ id, precedence: index + 1 })),
      },
      { parent: this },
    );
  }

  private cloudflared(name: string, args: EdgeArgs, tunnel: Tunnel): void {
    const { ready, kubernetes } = args.cluster;
    new Cloudflared(
      name,
      {
        version: args.cloudflared,
        replicas: args.replicas,
        token: tunnel.token,
      },
      { parent: this, providers: [kubernetes], dependsOn: [ready, tunnel.rules] },
    );
  }

  private record(
    args: EdgeArgs,
    tunnel: Tunnel,
    { name, hostname, withoutAccess, after = [] }: Publication,
    gate: Resource | undefined,
  ): void {
    new DnsRecord(
      `${hostname}-record`,
      {
        zoneId: args.zoneId,
        name: hostname,
        type: "CNAME",
        content: tunnel.tunnelId.apply(tunnelTarget),
        proxied: true,
        ttl: automaticTtl,
        comment: recordComment(args.site, name, withoutAccess),
      },
      {
        parent: this,
        dependsOn: [tunnel.rules, ...(gate === undefined ? [] : [gate]), ...after],
        // Two records of one name collide: https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/
        deleteBeforeReplace: true,
      },
    );
  }

  private addressRecord(
    { site, zoneId }: EdgeArgs,
    { hostname, address, proxied }: PublicAddress,
  ): void {
    new DnsRecord(
      `${hostname}-record`,
      {
        zoneId,
        name: hostname,
        type: address.includes(":") ? "AAAA" : "A",
        content: address,
        proxied,
        ttl: automaticTtl,
        comment: recordComment(site, "address"),
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }
}

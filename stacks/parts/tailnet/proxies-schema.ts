import { z } from "zod";
import type { EgressPlan, EgressPort, EgressTarget } from "../../../components/tailnet/egress.ts";
import type { ProxyClassPlan, ProxyGroupPlan } from "../../../components/tailnet/proxy-plan.ts";
import { hostForm, ipv4, label } from "../../config/forms.ts";
import { storeHost } from "../../config/s3-store.ts";

/** A quantity as Kubernetes has it: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const cpu = z.string().regex(/^[1-9][0-9]*m?$/, "use cores or thousandths of one, such as 25m");
const memory = z.string().regex(/^[1-9][0-9]*(Mi|Gi)$/, "use Mi or Gi, such as 64Mi");

const replicas = z
  .int()
  .min(1)
  .optional()
  .meta({
    description:
      "How many devices it has, each on another host; 2 where pods run on several hosts, else 1, when left out",
    examples: [2],
  });

/** What the operator runs besides the Connector. */
export const proxies = z
  .strictObject({
    cpu: cpu.default("25m").describe("What each proxy asks of its node's processor"),
    memory: memory.default("64Mi").describe("What each proxy asks of its node's memory"),
    metrics: z
      .boolean()
      .optional()
      .meta({
        description:
          "Whether Prometheus asks them for metrics; where the site has `homelab:monitoring`, when left out",
        examples: [true],
      }),
    ingress: z
      .strictObject({ replicas })
      .optional()
      .describe(
        "Group of proxies that carry Services and Ingresses to the tailnet together, each as a Service of Tailscale's",
      ),
    egress: z
      .strictObject({ replicas })
      .optional()
      .describe(
        "Group of proxies through which pods reach hosts of the tailnet; there is one as soon as `egress` names a host",
      ),
    apiServer: z
      .strictObject({
        replicas,
        hostname: label.optional().meta({
          description: "Name in the tailnet that leads to all of them; SITE-api when left out",
          examples: ["home-api"],
        }),
      })
      .optional()
      .describe(
        "Group of proxies of the cluster's API servers, which outlive the operator's pod; needs `https`",
      ),
  })
  .describe("What the operator's proxies have in common, and groups of them; none without");

const port = z.int("use a port from 1 to 65535").min(1).max(65_535);

/** Hosts of the tailnet that pods reach. */
export const egress = z
  .record(
    label.meta({ examples: ["nas"] }),
    z.strictObject({
      fqdn: z
        .string()
        // isMagicDNSName of tailscale/tailscale v1.102.3 cmd/k8s-operator/operator.go
        .regex(
          /^[a-z0-9-]+\.[a-z0-9-]+\.ts\.net$/,
          "use the whole name that the admin console shows, such as nas.tail1234.ts.net",
        )
        .optional()
        .meta({
          description: "The host's name in the tailnet, in full; this or `ip`",
          examples: ["nas.tail1234.ts.net"],
        }),
      ip: ipv4.optional().meta({
        description: "The host's address in the tailnet; this or `fqdn`",
        examples: ["100.101.102.103"],
      }),
      as: z
        .string()
        .regex(
          /^((tag|svc):)?[a-zA-Z0-9][a-zA-Z0-9.-]*$/,
          "use tag:NAME, svc:NAME, a name of policy.hosts or an address",
        )
        .optional()
        .meta({
          description:
            "What the tailnet's policy calls it, for the grant that lets proxies reach it: its tag, a Service of Tailscale's, a name of `policy.hosts` or an address; `ip` when left out",
          examples: ["tag:nas"],
        }),
      ports: z
        .array(port)
        .min(1)
        .meta({ description: "Its ports", examples: [[445]] }),
      protocol: z.enum(["TCP", "UDP"]).default("TCP").describe("Protocol of the ports"),
      hostnames: z
        .array(z.string().regex(hostForm, "use a lower-case DNS name such as s3.cabin.home.arpa"))
        .default([])
        .meta({
          description:
            "Names by which pods find it besides, such as its certificate has; by `homelab:dns`",
          examples: [["s3.cabin.home.arpa"]],
        }),
    }),
  )
  .default({})
  .describe(
    "Hosts of the tailnet that pods reach, each as NAME.tailscale.svc and, by `homelab:dns.tailnet`, by its own name",
  );

/** Hosts of the tailnet that pods reach, as they were read. */
export type Egress = z.infer<typeof egress>;

/** Names besides their own that lead pods to hosts of the tailnet, each with the key of its host. */
export function ledNames(tailnet: { readonly egress: Egress } | undefined) {
  return Object.entries(tailnet?.egress ?? {}).flatMap(([host, { hostnames, ports, protocol }]) =>
    hostnames.map((hostname, i) => ({
      ...{ hostname, host, ports, protocol },
      path: `homelab:tailnet.egress.${host}.hostnames[${i}]`,
    })),
  );
}

/** What the operator runs besides the Connector, everything filled in. */
export interface Proxies {
  readonly class: ProxyClassPlan;
  readonly groups: readonly ProxyGroupPlan[];
}

/** Undefined where the site asks for none. */
export function deriveProxies(
  written: z.infer<typeof proxies> | undefined,
  reached: Egress,
  {
    site,
    hosts,
    monitoring,
  }: {
    readonly site: string;
    readonly hosts: number;
    readonly monitoring: object | undefined;
  },
): Proxies | undefined {
  const reaches = Object.keys(reached).length > 0;
  if (written === undefined && !reaches) return undefined;
  const { metrics, ingress, apiServer, ...rest } = written ?? proxies.parse({});
  const egressGroup = rest.egress ?? (reaches ? {} : undefined);
  const many = (group: { readonly replicas?: number | undefined }): number =>
    group.replicas ?? (hosts > 1 ? 2 : 1);
  return {
    class: { cpu: rest.cpu, memory: rest.memory, metrics: metrics ?? monitoring !== undefined },
    groups: [
      ...(ingress === undefined ? [] : [{ type: "ingress", replicas: many(ingress) } as const]),
      ...(egressGroup === undefined
        ? []
        : [{ type: "egress", replicas: many(egressGroup) } as const]),
      ...(apiServer === undefined
        ? []
        : [
            {
              type: "kube-apiserver",
              replicas: many(apiServer),
              hostname: apiServer.hostname ?? `${site}-api`,
            } as const,
          ]),
    ],
  };
}

/** Whether a site's proxies publish Services of Tailscale's. */
export function publishesServices(all: Proxies | undefined): boolean {
  return all?.groups.some(({ type }) => type !== "egress") ?? false;
}

type Host = Egress[string];

const portsOf = ({ ports, protocol }: Host): readonly EgressPort[] =>
  ports.map((each) => ({ port: each, protocol }));

/** The hosts as the cluster leads to them. */
export function egressPlans(reached: Egress): readonly EgressPlan[] {
  return Object.entries(reached).map(([name, host]) => ({
    name,
    to: host.fqdn === undefined ? { ip: host.ip ?? "" } : { fqdn: host.fqdn },
    device: host.as?.startsWith("svc:") !== true,
    ports: portsOf(host),
  }));
}

/**
 * The hosts as the tailnet's policy calls them; one without a name there is none of its business.
 * @param snapshots where etcd's snapshots go: RKE2 sends them from the machines
 */
export function egressTargets(
  reached: Egress,
  snapshots: { readonly endpoint: string } | undefined,
): readonly EgressTarget[] {
  const sent = snapshots && storeHost(snapshots.endpoint).host;
  return Object.values(reached).flatMap((host) => {
    const dst = host.as ?? host.ip;
    if (dst === undefined) return [];
    const target = { dst, ports: portsOf(host) };
    return host.hostnames.some((name) => name === sent)
      ? [{ ...target, machines: true }]
      : [target];
  });
}

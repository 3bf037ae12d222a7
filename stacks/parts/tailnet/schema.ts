import { z } from "zod";
import { tailscaleOperatorVersions } from "../../../components/definitions/tailscale.ts";
import { connectorDevices } from "../../../components/tailnet/connector.ts";
import type { Derivation } from "../../config/derivation.ts";
import { cidr4, ipv4, label } from "../../config/forms.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { pinned } from "../definitions/pinned.ts";
import { admins, type People } from "../people/schema.ts";
import type { Versions } from "../versions/schema.ts";
import { deriveProxies, egress, proxies } from "./proxies-schema.ts";

/** Entries in Tailscale's own form, passed on as they are; the server's validation judges them. */
const entries = z.array(z.record(z.string(), z.unknown())).default([]);

const names = z.array(z.string().min(1)).min(1);

/** Sections that the program makes nothing of, passed on as they are. */
const foreignSections = {
  hosts: z.record(z.string(), z.string()).default({}).describe("Names of addresses and networks"),
  ipsets: z.record(z.string(), names).default({}).describe("Sets of addresses: `ipset:NAME`"),
  postures: z.record(z.string(), names).default({}).describe("Device postures: `posture:NAME`"),
  defaultSrcPosture: z.array(z.string()).default([]).describe("Postures that every source needs"),
  acls: entries.describe("Access rules of the older form"),
  nodeAttrs: entries.describe("Attributes of devices, such as Funnel"),
  sshTests: entries.describe("Tests of SSH rules"),
  randomizeClientPort: z
    .boolean()
    .default(false)
    .describe("Whether devices use a random port instead of 41641"),
};

/** The whole tailnet's policy; in the site file of exactly one stack. */
const tailnetPolicy = z
  .strictObject({
    sites: z
      .record(
        label.meta({ examples: ["cabin"] }),
        z.strictObject({
          routes: z
            .array(cidr4)
            .min(1)
            .meta({
              description: "Networks that the site's connector may advertise",
              examples: [["10.53.0.0/16", "10.52.0.0/16", "10.97.0.0/16", "192.168.2.0/24"]],
            }),
          exitNode: z.boolean().default(true).describe("Whether its connector may be an exit node"),
          services: z
            .boolean()
            .default(false)
            .describe(
              "Whether its proxies may publish Services of Tailscale's, the one of its API servers among them",
            ),
          nameservers: z
            .array(ipv4)
            .default([])
            .meta({
              description: "DNS servers of its domain, which whoever has a grant may ask",
              examples: [["192.168.2.1"]],
            }),
        }),
      )
      .default({})
      .describe("The other stacks of this tailnet; the owner's own site is always in"),
    tags: z
      .array(label)
      .default([])
      .describe("Further tags, without `tag:`, that admins may give, for example ci"),
    tagOwners: z
      .record(z.string().regex(/^tag:[a-zA-Z][a-zA-Z0-9-]*$/, "use tag:NAME"), z.array(z.string()))
      .default({})
      .meta({
        description: "Owners of further tags, in the policy file's own form",
        examples: [{ "tag:k8s": ["tag:k8s-operator"] }],
      }),
    autoApprovers: z
      .strictObject({
        routes: z
          .record(z.string(), names)
          .default({})
          .describe("Who may advertise networks: other routers"),
        exitNode: z.array(z.string()).default([]).describe("Who may offer an exit node"),
        services: z
          .record(z.string().regex(/^(svc|tag):[a-zA-Z0-9-]+$/, "use svc:NAME or tag:NAME"), names)
          .default({})
          .meta({
            description: "Who may publish Services of Tailscale's, by their name or tag",
            examples: [{ "svc:web": ["tag:web"] }],
          }),
      })
      .prefault({})
      .describe("Further approvers, in the policy file's own form"),
    grants: entries.describe("Further grants, in the policy file's own form"),
    ssh: entries.describe("Further SSH rules, in the policy file's own form"),
    tests: entries.describe("Further tests, in the policy file's own form"),
    ...foreignSections,
    adopt: z
      .string()
      .regex(/^([0-9a-f]{64}|default)$/, "use the 64 hex digits that the refusal names, or default")
      .optional()
      .meta({
        description:
          "Confirms once that the policy may be replaced which the tailnet had before: its SHA-256, or `default` for Tailscale's own",
        examples: ["default", "0".repeat(64)],
      }),
  })
  .describe("The tailnet's policy; exactly one stack has it, the others are checked against it");

/** Keys of the policy that are sections of Tailscale's file, passed on as they are. */
export const passedSections = Object.keys(
  foreignSections,
) as readonly (keyof typeof foreignSections)[];

/** Tailscale: nodes, operator, connector and policy. */
export const tailnet = z
  .strictObject({
    tailnet: z
      .string()
      .min(1)
      .default("-")
      .describe("Tailnet's name; `-` is the one that the OAuth client belongs to"),
    oauth: z
      .strictObject({
        clientId: secretRef("Client id", "op://Homelab/Tailscale/client-id", oneLine),
        clientSecret: secretRef("Client secret", "op://Homelab/Tailscale/client-secret", oneLine),
      })
      .describe("OAuth client that the stack works with"),
    connector: z
      .strictObject({
        name: label.optional().meta({
          description: "Name of the Connector and of its device; SITE-connector-0 when left out",
          examples: ["robbinsdale-connector-0"],
        }),
        replicas: z
          .int()
          .min(1)
          .optional()
          .meta({
            description:
              "How many devices it has, each on another host: NAME-0, NAME-1; 2 where pods run on several hosts and the name ends in -0, else 1, when left out",
            examples: [2],
          }),
        routes: z
          .array(cidr4)
          .min(1)
          .optional()
          .meta({
            description:
              "Networks that it advertises; services, pods, load balancers and LAN when left out",
            examples: [["10.43.0.0/16", "10.42.0.0/16", "10.96.0.0/16", "192.168.1.0/24"]],
          }),
        exitNode: z.boolean().default(true).describe("Whether it offers itself as an exit node"),
      })
      .prefault({})
      .describe("Subnet router and exit node, run by the operator"),
    proxies: proxies.optional(),
    egress,
    splitDns: z
      .array(ipv4)
      .min(1)
      .optional()
      .meta({
        description: "Nameservers of the site's domain for the tailnet; the gateway when left out",
        examples: [["192.168.1.1"]],
      }),
    https: z
      .boolean()
      .default(false)
      .describe(
        "Whether the stack switches HTTPS certificates on in the tailnet, which the operator's API server proxy needs; names of devices are public from then on",
      ),
    policy: tailnetPolicy.optional(),
  })
  .describe("Tailscale");

/**
 * The tailnet with its versions, its connector's name and replicas, and the people that its policy knows.
 * @param around `hosts` is the number of hosts on which ordinary pods run, `monitoring` present where the site has it
 */
export function deriveTailnet(
  written: z.infer<typeof tailnet>,
  versions: Versions,
  people: People,
  {
    hosts,
    monitoring,
    derivation,
  }: {
    readonly hosts: number;
    readonly monitoring: object | undefined;
    readonly derivation: Derivation;
  },
) {
  const version = (key: "tailscale" | "tailscaleOperator"): string =>
    derivation.needed(
      `homelab:versions.${key}`,
      versions[key],
      "homelab:tailnet needs it, for example 1.102.3",
    );
  const chart = version("tailscaleOperator");
  const unknown = "the checksums of its operator's kinds are";
  const { connector, policy, proxies: wanted, egress: reached, ...rest } = written;
  const path = "homelab:tailnet.connector.name";
  const usual = `${derivation.stack}-connector-0`;
  const name = derivation.given(path, connector.name, usual, "made of the stack's name");
  // A device of another name would be renamed, which nobody asked for.
  const several = hosts > 1 && connectorDevices({ name, replicas: 2 })[0] === name;
  return {
    ...rest,
    proxies: deriveProxies(wanted, reached, { site: derivation.stack, hosts, monitoring }),
    egress: reached,
    connector: {
      ...connector,
      name,
      replicas: connector.replicas ?? (several ? 2 : 1),
    },
    policy: policy && { ...policy, ...derivePolicyGroups(people, derivation) },
    version: version("tailscale"),
    operator: {
      chart:
        versions.tailscaleOperator === undefined
          ? chart
          : pinned(
              {
                key: "tailscaleOperator",
                version: chart,
                known: tailscaleOperatorVersions,
                unknown,
              },
              derivation,
            ),
    },
  };
}

/** The people of a policy: those who reach everything, and every further group as `group:NAME`. */
function derivePolicyGroups(people: People, derivation: Derivation) {
  const { [admins]: all, ...further } = people;
  if (all === undefined) {
    const text = "is missing; homelab:tailnet.policy needs somebody who reaches everything";
    derivation.report(`homelab:people.${admins}`, text);
  }
  const groups = Object.entries(further).map(([name, members]) => [`group:${name}`, members]);
  return {
    admins: all ?? [],
    groups: Object.fromEntries(groups) as Readonly<Record<string, readonly string[]>>,
  };
}

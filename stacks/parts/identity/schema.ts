import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { hostForm, label } from "../../config/forms.ts";
import { byAddress } from "../edge/schema.ts";
import { addresses } from "../people/addresses.ts";
import type { People } from "../people/schema.ts";

const groups = (description: string, example: string) =>
  z
    .array(label)
    .default([])
    .meta({ description: `Groups of \`homelab:people\`: ${description}`, examples: [[example]] });

const grafana = z.strictObject({
  hostname: z
    .string()
    .max(253)
    .regex(hostForm, "use a lower-case DNS name such as grafana.home.arpa")
    .meta({
      description: "Name that people open it by; a route of `homelab:gateway.routes` leads it here",
      examples: ["grafana.home.arpa"],
    }),
  admins: groups("who may change everything but Grafana's own server", "admins"),
  editors: groups("who may change dashboards", "family"),
  viewers: groups("who may look", "family"),
});

const argocd = z.strictObject({
  admins: groups("who may do everything in Argo CD, and so in the cluster", "admins"),
  readers: groups("who may look at everything", "family"),
});

const kubernetes = z.strictObject({
  admins: groups("who may do everything in the cluster", "admins"),
  readers: groups("who may look at everything but Secrets", "family"),
});

const route = z
  .array(label)
  .min(1)
  .meta({
    description:
      "Groups of `homelab:people` who have to sign on before the route of `homelab:gateway.routes` lets them through, by its name",
    examples: [["admins"]],
  });

/** Who signs on where, by groups of `homelab:people`. */
export const identity = z
  .strictObject({
    session: z
      .string()
      .regex(/^([1-9]\d?|[1-9]\d\d)m$|^([1-9]|1\d|2[0-4])h$/, "use 1m to 999m or 1h to 24h")
      .default("8h")
      .describe("How long one stays signed on; then Access is asked again"),
    grafana: grafana.optional().describe("Grafana of `homelab:monitoring`"),
    argocd: argocd.optional().describe("Argo CD, in place of `homelab:argocd.signOn`"),
    kubernetes: kubernetes
      .optional()
      .describe(
        "The Kubernetes API, with kubectl and kubelogin. First written, it restarts RKE2 on one server after the other",
      ),
    routes: z
      .record(label.meta({ examples: ["hubble"] }), route)
      .default({})
      .describe("Routes to what has no login of its own, at the gateways `lan` and `internal`"),
  })
  .describe(
    "Single sign-on by Cloudflare Access for people of `homelab:people`; a site without this section has none",
  );

type Written = z.infer<typeof identity>;

/** The section with the addresses of the people whom it names. */
export function deriveIdentity(
  { session, grafana: ofGrafana, argocd: ofArgocd, kubernetes: ofKubernetes, routes }: Written,
  people: People,
  derivation: Derivation,
) {
  const emails = (key: string, names: readonly string[]): readonly string[] => {
    const naming = { path: `homelab:identity.${key}`, groups: names, why: byAddress };
    // As Access writes them in tokens.
    const all = addresses(naming, people, derivation).map((email) => email.toLowerCase());
    return [...new Set(all)];
  };
  return {
    session,
    routes: Object.fromEntries(
      Object.entries(routes).map(([name, of]) => [name, emails(`routes.${name}`, of)]),
    ),
    ...(ofGrafana === undefined
      ? {}
      : {
          grafana: {
            hostname: ofGrafana.hostname,
            admins: emails("grafana.admins", ofGrafana.admins),
            editors: emails("grafana.editors", ofGrafana.editors),
            viewers: emails("grafana.viewers", ofGrafana.viewers),
          },
        }),
    ...(ofArgocd === undefined
      ? {}
      : {
          argocd: {
            admins: emails("argocd.admins", ofArgocd.admins),
            readers: emails("argocd.readers", ofArgocd.readers),
          },
        }),
    ...(ofKubernetes === undefined
      ? {}
      : {
          kubernetes: {
            admins: emails("kubernetes.admins", ofKubernetes.admins),
            readers: emails("kubernetes.readers", ofKubernetes.readers),
          },
        }),
  };
}

/** The part's config, everything filled in. */
export type IdentityConfig = ReturnType<typeof deriveIdentity>;

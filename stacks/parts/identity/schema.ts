import { z } from "zod";
import { dexVersions } from "../../../components/definitions/dex.ts";
import type { Derivation } from "../../config/derivation.ts";
import { hostForm, label } from "../../config/forms.ts";
import { secretRef } from "../../config/secret-ref.ts";
import { pinned } from "../definitions/pinned.ts";
import { byAddress } from "../edge/schema.ts";
import { addresses } from "../people/addresses.ts";
import type { People } from "../people/schema.ts";
import type { Versions } from "../versions/schema.ts";

const groups = (description: string, example: string) =>
  z
    .array(label)
    .default([])
    .meta({ description: `Groups of \`homelab:people\`: ${description}`, examples: [[example]] });

const hostname = (example: string) =>
  z
    .string()
    .max(253)
    .regex(hostForm, `use a lower-case DNS name such as ${example}`)
    .meta({
      description: "Name that people open it by; a route of `homelab:gateway.routes` leads it here",
      examples: [example],
    });

const passwordHash = secretRef(
  "Hash of a password (`htpasswd -nBC 12 x`, without `x:`)",
  "op://Homelab/Dex/ada-hash",
  {
    // Dex refuses to compare with cheaper and with dearer ones (server/api.go, checkCost).
    pattern: /^\$2[aby]\$1[0-6]\$[./A-Za-z0-9]{53}$/,
    text: "is read, but is no bcrypt hash of a cost from 10 to 16; make it of the password: htpasswd -nBC 12 x",
  },
);

const dex = z.strictObject({
  hostname: hostname("id.home.arpa"),
  passwordHashes: z
    .record(z.email("use an e-mail address").meta({ examples: ["ada@example.net"] }), passwordHash)
    .default({})
    .describe(
      "Hashes of passwords that people chose themselves, by their address; for all others one is drawn, which the stack's output `peoplePasswords` has",
    ),
});

const grafana = z.strictObject({
  hostname: hostname("grafana.home.arpa"),
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
      .describe("How long one stays signed on; then the provider is asked again"),
    dex: dex.optional().describe("A provider in the cluster, Dex, in place of Cloudflare Access"),
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
    "Single sign-on for people of `homelab:people`, by Cloudflare Access or by a provider in the cluster; a site without this section has none",
  );

type Written = z.infer<typeof identity>;

/** What the section is made of besides itself. */
interface Around {
  readonly people: People;
  /** Hosts whose machines run pods. */
  readonly hosts: number;
}

/** Dex with its release, and a pod for each of two hosts. */
function deriveDex(
  { hostname: name, passwordHashes }: z.infer<typeof dex>,
  version: string,
  hosts: number,
) {
  const hashes = Object.entries(passwordHashes);
  return {
    ...{ hostname: name, version, replicas: hosts > 1 ? 2 : 1 },
    passwordHashes: Object.fromEntries(
      hashes.map(([email, ref]) => [email.toLowerCase(), ref] as const),
    ),
  };
}

const byPassword = "Dex knows people by e-mail address";

/** The section with the addresses of the people whom it names, and with the version of Dex. */
export function deriveIdentity(
  written: Written,
  { dex: version }: Versions,
  { people, hosts }: Around,
  derivation: Derivation,
) {
  const {
    session,
    grafana: ofGrafana,
    argocd: ofArgocd,
    kubernetes: ofKubernetes,
    routes,
  } = written;
  const known = (release: string): string => {
    const unknown = "the checksums of its kinds are";
    return pinned({ key: "dex", version: release, known: dexVersions, unknown }, derivation);
  };
  const why = written.dex === undefined ? byAddress : byPassword;
  const emails = (key: string, names: readonly string[]): readonly string[] => {
    const naming = { path: `homelab:identity.${key}`, groups: names, why };
    // As providers write them in tokens.
    const all = addresses(naming, people, derivation).map((email) => email.toLowerCase());
    return [...new Set(all)];
  };
  return {
    session,
    ...(written.dex === undefined ? {} : { dex: deriveDex(written.dex, known(version), hosts) }),
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

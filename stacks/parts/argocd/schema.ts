import { z } from "zod";
import { siteProject } from "../../../components/argocd/names.ts";
import { repositoryPlace } from "../../../components/argocd/repository.ts";
import { argoCdVersions } from "../../../components/definitions/argocd.ts";
import type { Derivation } from "../../config/derivation.ts";
import { hostForm, label } from "../../config/forms.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { pinned } from "../definitions/pinned.ts";
import type { People } from "../people/schema.ts";
import type { Versions } from "../versions/schema.ts";
import { deriveSignOn, signOn } from "./sign-on.ts";

const host = (text: string) => z.string().max(253).regex(hostForm, text);

const repository = z.strictObject({
  url: z
    .string()
    .refine((text) => repositoryPlace(text) !== undefined, {
      error:
        "use https://HOST/PATH, USER@HOST:PATH or ssh://USER@HOST/PATH, with the host's DNS name and without a password in it",
    })
    .meta({
      description: "Address of a git repository, as Applications write it",
      examples: ["https://github.com/example/home.git"],
    }),
  username: z
    .string()
    .regex(/^[\x21-\x7e]+$/, "use a name without blanks")
    .optional()
    .meta({
      description: "User of `https`; GitHub's tokens need none",
      examples: ["argocd"],
    }),
  password: secretRef(
    "Password or token of `https`, which may read the repository",
    "op://Homelab/Git/token",
    oneLine,
  ).optional(),
  sshKey: secretRef("Private key of SSH, a deploy key that may read", "op://Homelab/Git/key", {
    pattern: /^\s*-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+-----END [A-Z ]*PRIVATE KEY-----\s*$/,
    text: "is read, but is no private key in OpenSSH's or PEM's form; keep it whole, from -----BEGIN to -----END",
  }).optional(),
});

const project = z.strictObject({
  repositories: z
    .array(label)
    .min(1)
    .meta({
      description: "Names of `repositories` that its Applications may come from",
      examples: [["home"]],
    }),
  namespaces: z
    .array(label)
    .min(1)
    .meta({
      description: "Namespaces that its Applications may bring objects to",
      examples: [["photos"]],
    }),
  clusterWide: z
    .boolean()
    .default(false)
    .describe("Whether they may bring what has no namespace, such as cluster roles and namespaces"),
});

const application = z.strictObject({
  repository: label.meta({ description: "Name of one of `repositories`", examples: ["home"] }),
  path: z
    .string()
    .regex(
      /^(?!\.\.?(\/|$))[\w.-]+(\/(?!\.\.?(\/|$))[\w.-]+)*$/,
      "use a folder such as apps or clusters/home/apps",
    )
    .meta({ description: "Folder in it", examples: ["gitops/home"] }),
  revision: z
    .string()
    .regex(/^[\w./-]+$/, "use a branch, a tag or a commit")
    .default("HEAD")
    .describe("Branch, tag or commit; the repository's default branch when left out"),
  each: z
    .boolean()
    .default(false)
    .describe(
      "Whether each folder in `path` is an Application of its own, in a namespace called like it (ApplicationSet); otherwise `path` is one Application, such as an app of apps",
    ),
  project: label
    .default(siteProject)
    .describe(
      `One of \`projects\`; \`${siteProject}\`, which may bring everything from \`repositories\`, when left out`,
    ),
  namespace: label
    .default("argocd")
    .describe("Namespace of objects that name none; of `each` the folder's name"),
  prune: z
    .boolean()
    .default(false)
    .describe(
      "Whether what disappears from the repository is deleted in the cluster, volumes too; a folder of `each` that goes leaves what it brought",
    ),
});

const webhook = (title: string, example: string) =>
  secretRef(`Secret of ${title} webhooks`, example, oneLine).optional();

/** Argo CD. */
export const argocd = z
  .strictObject({
    hostname: host("use a lower-case DNS name such as argocd.home.arpa").meta({
      description: "Name that people open it by; a route of `homelab:gateway.routes` leads it here",
      examples: ["argocd.home.arpa"],
    }),
    highlyAvailable: z
      .boolean()
      .default(false)
      .describe("Whether it lives on when a host is lost: two of each, and Redis on three hosts"),
    adminPasswordHash: secretRef(
      "Hash of the password of Argo CD's user `admin` (`argocd account bcrypt --password ...`); without it `admin` cannot log in",
      "op://Homelab/Argo CD/password-hash",
      {
        pattern: /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/,
        text: "is read, but is no bcrypt hash; make it of the password: argocd account bcrypt --password ...",
      },
    ).optional(),
    signOn: signOn.optional().describe("Single sign-on by OpenID Connect"),
    repositories: z
      .record(label.meta({ examples: ["home"] }), repository)
      .default({})
      .describe("Git repositories by name, with their logins"),
    knownHosts: z
      .array(
        z
          .string()
          .regex(
            /^[^\s#|@]\S* (ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/]+=*$/,
            "use a line as `ssh-keyscan HOST` prints it, whose name is not hashed",
          ),
      )
      .default([])
      .meta({
        description:
          "Lines of known_hosts for hosts of SSH besides GitHub, GitLab, Bitbucket and Azure",
        examples: [
          [
            "git.example.net ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGitExampleNetExampleNetExampleNetExampleNetE",
          ],
        ],
      }),
    hosts: z
      .array(host("use a lower-case DNS name such as charts.jetstack.io"))
      .default([])
      .meta({
        description:
          "Further hosts that Argo CD may reach at port 443: repositories of Helm charts, and where they send on to",
        examples: [["charts.jetstack.io"]],
      }),
    projects: z
      .record(label.meta({ examples: ["household"] }), project)
      .default({})
      .describe("Projects by name: what Applications of others may bring"),
    applications: z
      .record(label.meta({ examples: ["apps"] }), application)
      .default({})
      .describe("What Argo CD begins with, by name"),
    gitops: z
      .strictObject({
        repository: label.meta({
          description: "Name of one of `repositories`: where the folder `gitops/SITE` is",
          examples: ["home"],
        }),
        revision: z
          .string()
          .regex(/^[\w./-]+$/, "use a branch, a tag or a commit")
          .default("HEAD")
          .describe("Branch, tag or commit; the repository's default branch when left out"),
      })
      .optional()
      .describe(
        "Where Argo CD finds what is handed over by `gitops: argocd`; `npm run gitops` writes it",
      ),
    webhooks: z
      .strictObject({
        github: webhook("GitHub's", "op://Homelab/Argo CD/github"),
        gitlab: webhook("GitLab's", "op://Homelab/Argo CD/gitlab"),
        bitbucketServer: webhook("Bitbucket Server's", "op://Homelab/Argo CD/bitbucket"),
        gogs: webhook("Gogs', Gitea's and Forgejo's", "op://Homelab/Argo CD/gogs"),
      })
      .prefault({})
      .describe("Secrets by which pushes are believed, at `/api/webhook`"),
  })
  .describe("Argo CD; a site without this section has none");

type Written = z.infer<typeof argocd>;

/** What Argo CD is made of besides its own section. */
interface Around {
  readonly people: People;
  readonly monitoring: unknown;
  readonly networkPolicy: unknown;
}

/** The section with its version, whose kinds are pinned, and with the addresses of the people who sign on. */
export function deriveArgocd(
  { signOn, ...written }: Written,
  { argoCd }: Versions,
  { people, monitoring, networkPolicy }: Around,
  derivation: Derivation,
) {
  return {
    ...written,
    chart: pinned(
      {
        key: "argoCd",
        version: argoCd,
        known: argoCdVersions,
        unknown: "the checksums of its custom resource definitions are",
      },
      derivation,
    ),
    monitored: monitoring !== undefined,
    guarded: networkPolicy !== undefined,
    ...(signOn === undefined ? {} : { signOn: deriveSignOn(signOn, people, derivation) }),
  };
}

/** The part's config, everything filled in. */
export type ArgocdConfig = ReturnType<typeof deriveArgocd>;

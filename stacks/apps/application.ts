import type { Input, Resource } from "@pulumi/pulumi";
import { z } from "zod";
import type { Secrets } from "../../components/security/secrets.ts";
import {
  Application as Deployed,
  applicationObjects,
} from "../../components/workload/application.ts";
import type { Custody } from "../../components/workload/custody.ts";
import type { PlainObject } from "../../components/workload/objects.ts";
import type { RunningCluster } from "../../components/workload/running-cluster.ts";
import { webPort, type WebShape } from "../../components/workload/web.ts";
import { domain, imageName } from "../config/forms.ts";
import { secretRef, type SecretForm } from "../config/secret-ref.ts";
import { gitops, type Gitops } from "../config/gitops.ts";
import type { SiteFile } from "../open-site.ts";
import { logins, variablesOf } from "../logins/schema.ts";
import { toldOf, type SiteLogins } from "../logins/told.ts";
import { egress } from "../parts/policies/schema.ts";
import { door, expose, type Audience } from "./expose-schema.ts";

/** What every application's config has: its names, who stands at its door, what it may reach, and where it keeps data. */
const exposure = {
  hostname: domain.optional().meta({
    description:
      "Public name inside `edge.zone`, short for an entry of `expose` that is `public`; none without",
    examples: ["app.example.net"],
  }),
  ...door,
  expose,
  egress,
  logins,
};

/** An application's exposure as it was read. */
export type Exposure = z.infer<z.ZodObject<typeof exposure>>;

/** What an application is deployed with besides its config. */
export interface Surroundings extends RunningCluster {
  /** The site that it is part of. */
  readonly site: SiteFile;
  readonly secrets: Secrets;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** Of the site's stores. */
  readonly logins: SiteLogins;
  /** In whose hands it is. */
  readonly custody: Custody;
}

/** An application that was deployed. */
export interface Running {
  /** Address inside the cluster: `http://NAME.NAMESPACE.svc.DOMAIN:PORT`. */
  readonly address: string;
  /** All of its pods are ready; its Service is there. */
  readonly ready: Resource;
}

/** An application: how its config reads, and what it makes of it. */
export interface Application<Config extends z.ZodType<Exposure> = z.ZodType<Exposure>> {
  readonly config: Config;
  /** Port of its pods, where its public name and other applications lead. */
  readonly port: number;
  /** Whom its names may be for; anybody when left out. */
  readonly audiences?: readonly Audience[];
  /** Deploys it under its key in the config, which is the name of its namespace and of its Service too. */
  deploy(name: string, config: z.infer<Config>, surroundings: Surroundings): Running;
  /** What of it can be handed over to Argo CD; all of it is the program's for ever where this is left out. */
  gitops?(name: string, config: z.infer<Config>): Handable;
}

/** What can be handed over, and whether it is. */
export interface Handable {
  readonly gitops: Gitops;
  readonly objects: readonly PlainObject[];
  /** Keys of the config, below its own, by which it needs secrets: a repository must hold none. */
  readonly secrets: readonly string[];
}

const variable = z.string().regex(/^[A-Z][A-Z0-9_]*$/, "use an environment variable's name");

const registryPassword: SecretForm = {
  pattern: /^[^\x00-\x1f\x7f]+$/,
  text: "is read, but holds a line break or another control character; keep the bare password",
};

const webConfig = (replicas: number) => ({
  image: imageName.meta({
    description: "Image of the application, without its tag",
    examples: ["ghcr.io/example/app"],
  }),
  version: z
    .string()
    .regex(
      /^(?!latest(?:@|$))\w[\w.-]{0,127}(?:@sha256:[0-9a-f]{64})?$/,
      "use a released tag, not latest; @sha256:DIGEST after it pins its content",
    )
    .meta({ description: "Tag of the image, perhaps with @sha256:DIGEST", examples: ["v1.4.0"] }),
  pull: z
    .strictObject({
      username: z
        .string()
        .regex(/^[^:\x00-\x1f\x7f]+$/, "use the user's name, without a colon")
        .meta({ description: "Name of the user", examples: ["homelab"] }),
      password: secretRef(
        "Password or token of the image's registry",
        "op://Homelab/Registry/password",
        registryPassword,
      ),
    })
    .optional()
    .describe(
      "Who pulls the image, where it is private: for this application alone, not for all nodes as `cluster.registries`",
    ),
  ...exposure,
  gitops,
  replicas: z.int().min(1).max(8).default(replicas).describe("Pods"),
  environment: z
    .record(variable, z.string())
    .default({})
    .meta({
      description: "Environment of the application that is no secret",
      examples: [{ NODE_ENV: "production" }],
    }),
  settings: z
    .record(variable, secretRef("Secret reference", "op://Homelab/App/session-secret"))
    .default({})
    .describe("Environment of the application, by secret reference"),
});

/** What makes a web application that keeps nothing on its disk. */
export interface WebApplication {
  /** What it is called as a type, such as `Typeo`; part of its resources' URNs. */
  readonly title: string;
  /** What it is, in a line for people. */
  readonly about: string;
  /** What it asks of its pods besides the defaults. */
  readonly shape?: WebShape;
  /** How many pods it has unless the site says otherwise; 2. One that keeps something in memory has 1. */
  readonly replicas?: number;
  /** Whom its names may be for; anybody when left out. */
  readonly audiences?: readonly Audience[];
  /** Files of a folder of its pods, which the program writes. */
  readonly files?: {
    readonly folder: string;
    readonly content: (
      name: string,
      surroundings: Surroundings,
    ) => Readonly<Record<string, Input<string>>>;
  };
}

/** A web application: image, replicas, public name, and settings from secrets. */
export function webApplication({
  title,
  about,
  shape,
  replicas = 2,
  audiences,
  files,
}: WebApplication) {
  const config = z
    .strictObject(webConfig(replicas))
    .refine(
      ({ environment, settings }) => !Object.keys(settings).some((name) => name in environment),
      {
        path: ["environment"],
        error: "has a variable that `settings` has too; remove one of them",
      },
    )
    .superRefine(({ environment, settings, logins }, context) => {
      logins.forEach((login, i) => {
        for (const variable of Object.keys(variablesOf(login)))
          if (variable in environment || variable in settings)
            context.addIssue({
              code: "custom",
              path: ["logins", i],
              message: `sets ${variable}, which \`environment\` or \`settings\` sets too; remove it there, or name variables in \`environment\` of the login`,
            });
      });
    })
    .describe(about);
  return {
    config,
    port: shape?.port ?? webPort,
    ...(audiences === undefined ? {} : { audiences }),
    deploy(name, config, surroundings) {
      const { settings, pull, image, version, replicas, environment, logins } = config;
      const { secrets, clusterDomain, custody, ready, kubernetes } = surroundings;
      const values = Object.fromEntries(
        Object.entries(settings).map(([name, ref]) => [name, secrets.get(ref)]),
      );
      const told = toldOf(logins, surroundings.logins);
      return new Deployed(
        name,
        {
          ...{ title, shape, image, version, replicas, environment, clusterDomain, custody },
          settings: { ...values, ...told.settings },
          ...(told.mounted.length === 0 ? {} : { mounted: told.mounted }),
          ...(told.after.length === 0 ? {} : { after: told.after }),
          ...(files === undefined
            ? {}
            : { folder: files.folder, files: files.content(name, surroundings) }),
          pull: pull && { ...pull, password: secrets.get(pull.password) },
        },
        { providers: [kubernetes], dependsOn: [ready] },
      );
    },
    gitops: (name, { gitops, settings, pull, logins, image, version, replicas, environment }) => ({
      gitops,
      objects: applicationObjects(name, {
        ...{ shape, image, version, replicas, environment },
        folder: files?.folder,
      }),
      secrets: [
        ...Object.keys(settings).map((variable) => `settings.${variable}`),
        ...(pull === undefined ? [] : ["pull"]),
        ...(logins.length === 0 ? [] : ["logins"]),
      ],
    }),
  } satisfies Application<typeof config>;
}

import { z } from "zod";
import {
  barmanCloudVersions,
  cloudNativePgVersions,
} from "../../../components/definitions/postgres.ts";
import { communityImage, majorOf } from "../../../components/postgres/releases.ts";
import type { Derivation } from "../../config/derivation.ts";
import { label, storeName } from "../../config/forms.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { pinned } from "../definitions/pinned.ts";
import type { Versions } from "../versions/schema.ts";
import { backup, recover } from "./backup-schema.ts";

/** A name in PostgreSQL that needs no quotes, and makes a name of Kubernetes when its underscores are hyphens. */
const identifier = z
  .string()
  .max(50)
  .regex(
    /^[a-z]([a-z0-9_]*[a-z0-9])?$/,
    "use lower-case letters, digits and underscores, beginning with a letter and ending with a letter or digit",
  );

const disk = (about: string, sizeGiB: number) =>
  z
    .strictObject({
      class: label.optional().meta({
        description:
          "Class of storage of the kind `block`; the default class when left out. PostgreSQL keeps copies itself: two of Ceph's are enough",
        examples: ["ceph-block"],
      }),
      sizeGiB: z
        .int()
        .min(1)
        .default(sizeGiB)
        .describe("Size for each instance; it may grow, and not shrink"),
    })
    .describe(about);

const role = z
  .strictObject({
    password: secretRef(
      "Password; the program draws one when left out",
      "op://Homelab/Postgres/photos",
      oneLine,
    ).optional(),
    superuser: z
      .boolean()
      .default(false)
      .describe("Whether it may do everything, in the instances' containers too"),
    inRoles: z
      .array(z.string().regex(/^[a-z][a-z0-9_]*$/, "use a role's name"))
      .default([])
      .meta({ description: "Roles that it is a member of", examples: [["pg_monitor"]] }),
  })
  .prefault({});

const database = z
  .strictObject({
    owner: identifier.optional().meta({
      description:
        "Role that owns it, and that there is then; called like the database when left out",
      examples: ["photos"],
    }),
    extensions: z
      .array(z.string().regex(/^[a-z][a-z0-9_-]*$/, "use an extension's name"))
      .default([])
      .meta({
        description: "Extensions that it has; the image must hold them",
        examples: [["vector"]],
      }),
    secretIn: z
      .array(label)
      .default([])
      .meta({
        description:
          "Namespaces that get a Secret `postgres-NAME` with host, port, dbname, username, password and uri, and whose pods reach the cluster; they are made for it",
        examples: [["photos"]],
      }),
  })
  .prefault({});

const cluster = z.strictObject({
  version: z
    .string()
    .regex(/^\d{2}\.\d+$/, 'use a release in quotes, such as "18.4"')
    .meta({
      description:
        "Release of PostgreSQL. Another major is an upgrade in place, for which the cluster is away",
      examples: ["18.4"],
    }),
  image: z
    .string()
    .regex(
      /^[a-z0-9][\w./-]*(:\d+)?\/[\w./-]+:\w[\w.-]*(@sha256:[0-9a-f]{64})?$/,
      "use an image with its tag",
    )
    .optional()
    .meta({
      description:
        "Image with its tag, which begins with the release, where it is another than the community's with pgvector and pgaudit",
      examples: ["ghcr.io/tensorchord/cloudnative-vectorchord:18.4-1.1.1"],
    }),
  instances: z
    .int()
    .min(1)
    .max(9)
    .default(3)
    .describe("Instances, each on a host of its own; with 1 there is nobody to take over"),
  storage: disk("Volume of each instance", 10).prefault({}),
  wal: disk(
    "Volume of its own for the log that is written ahead; it stays once it is there",
    5,
  ).optional(),
  memoryMiB: z
    .int()
    .min(256)
    .default(1024)
    .describe(
      "Memory of each instance, of which a quarter are shared buffers unless `parameters` say otherwise",
    ),
  parameters: z
    .record(
      z
        .string()
        .regex(/^[a-z][a-z0-9_.]*$/, "use a setting's name")
        .meta({ examples: ["max_connections"] }),
      z.string("write the value in quotes"),
    )
    .default({})
    .describe("Settings of PostgreSQL, each a text"),
  preload: z
    .array(z.string().regex(/^[\w.-]+$/, "use a library's name"))
    .default([])
    .meta({
      description: "Libraries that PostgreSQL loads when it starts, as some extensions need",
      examples: [["vchord.so"]],
    }),
  roles: z
    .record(identifier.meta({ examples: ["photos"] }), role)
    .default({})
    .describe(
      "Roles that log in, by name, where they differ from a plain one: owners of databases need no entry",
    ),
  databases: z
    .record(identifier.meta({ examples: ["photos"] }), database)
    .default({})
    .describe("Databases by name"),
  pooler: z
    .strictObject({
      instances: z.int().min(1).max(9).default(2).describe("PgBouncers"),
      mode: z
        .enum(["session", "transaction"])
        .default("session")
        .describe(
          "Whether a client keeps its connection to PostgreSQL, or has one for each transaction, which breaks what outlives one",
        ),
    })
    .optional()
    .describe("Pool of connections before the primary, which Secrets of `secretIn` then name"),
  backup: backup
    .optional()
    .describe("Where the log and base backups go; without it nothing is backed up"),
  recover: recover
    .optional()
    .describe(
      "What the cluster begins with in place of nothing; read when it is made, and never again",
    ),
});

/** Postgres. */
export const postgres = z
  .strictObject({
    clusters: z
      .record(storeName(40, "main"), cluster)
      .default({})
      .describe("Postgres clusters by name"),
  })
  .describe("Postgres, run by CloudNativePG; a site without this section has none");

type Written = z.infer<typeof postgres>;
type WrittenCluster = Written["clusters"][string];

/** The section with its versions, whose kinds are pinned, and with what clusters leave out. */
export function derivePostgres(
  { clusters }: Written,
  { cloudNativePg, barmanCloud }: Versions,
  derivation: Derivation,
) {
  return {
    charts: {
      operator: pinned(
        {
          key: "cloudNativePg",
          version: cloudNativePg,
          known: cloudNativePgVersions,
          unknown: "the checksums of its custom resource definitions are",
        },
        derivation,
      ),
      plugin: pinned(
        {
          key: "barmanCloud",
          version: barmanCloud,
          known: barmanCloudVersions,
          unknown: "the checksum of its custom resource definition is",
        },
        derivation,
      ),
    },
    clusters: Object.fromEntries(
      Object.entries(clusters).map(([name, written]) => [name, deriveOne(name, written, clusters)]),
    ),
  };
}

function deriveOne(name: string, written: WrittenCluster, all: Written["clusters"]) {
  const { image, backup: to, recover: begun, roles, databases, ...rest } = written;
  const owned = Object.entries(databases).map(
    ([called, { owner = called, ...one }]) => [called, { ...one, owner }] as const,
  );
  const from = begun?.from ?? name;
  const source = all[from];
  return {
    ...rest,
    image: image ?? communityImage(written.version),
    roles: {
      ...Object.fromEntries(owned.map(([, { owner }]) => [owner, role.parse({})])),
      ...roles,
    },
    databases: Object.fromEntries(owned),
    ...(to === undefined ? {} : { backup: { ...to, archive: archiveOf(name, written) } }),
    ...(begun === undefined
      ? {}
      : {
          recover: {
            ...(begun.at === undefined ? {} : { at: begun.at }),
            from,
            archive: begun.archive ?? (source === undefined ? "" : archiveOf(from, source)),
          },
        }),
  };
}

/** Each major has a folder of its own: PostgreSQL begins its log anew with an upgrade, and would write over the old one. */
function archiveOf(name: string, { version, backup: to }: WrittenCluster): string {
  return to?.archive ?? `${name}-${majorOf(version)}`;
}

/** The part's config, everything filled in. */
export type PostgresConfig = ReturnType<typeof derivePostgres>;

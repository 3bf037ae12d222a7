import { z } from "zod";
import { strimziVersions } from "../../../components/definitions/kafka.ts";
import { runnableReleases } from "../../../components/kafka/releases.ts";
import type { Derivation } from "../../config/derivation.ts";
import { domain, label, storeName } from "../../config/forms.ts";
import { oneLine, secretRef } from "../../config/secret-ref.ts";
import { pinned } from "../definitions/pinned.ts";
import type { Versions } from "../versions/schema.ts";

const pool = (about: string, sizeGiB: number, memoryMiB: number) =>
  z
    .strictObject({
      replicas: z
        .int()
        .min(1)
        .max(9)
        .default(3)
        .describe("How many, each on a host of its own; controllers are 1, 3 or 5"),
      class: label.optional().meta({
        description:
          "Class of storage of the kind `block`; the default class when left out. Kafka keeps copies itself: two of Ceph's are enough",
        examples: ["ceph-block"],
      }),
      sizeGiB: z
        .int()
        .min(1)
        .default(sizeGiB)
        .describe("Volume of each; it may grow, and not shrink"),
      memoryMiB: z
        .int()
        .min(768)
        .default(memoryMiB)
        .describe("Memory of each, half of it for Java, half for files"),
    })
    .prefault({})
    .describe(about);

/** A topic's name that makes a name of Kubernetes in lower case, with hyphens for underscores. */
const topicName = z
  .string()
  .max(180)
  .regex(
    /^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$/,
    "use letters and digits, and between them single dots, hyphens and underscores",
  );

export const topic = z
  .strictObject({
    partitions: z
      .int()
      .min(1)
      .max(1000)
      .default(3)
      .describe("Partitions; there may be more later, and not fewer"),
    replicas: z
      .int()
      .min(1)
      .optional()
      .meta({
        description: "Copies of each partition; 3, or as many as brokers, when left out",
        examples: [3],
      }),
    keepHours: z
      .int()
      .min(1)
      .default(168)
      .describe("Hours that records are kept; some stay for up to a quarter longer"),
    config: z
      .record(
        z
          .string()
          .regex(/^[a-z]+(\.[a-z]+)*$/, "use a topic's setting such as cleanup.policy")
          .meta({ examples: ["cleanup.policy"] }),
        z.string("write the value in quotes"),
      )
      .default({})
      .describe("Further settings of the topic, each a text"),
  })
  .prefault({});

const topics = z.array(
  z
    .string()
    .regex(
      /^(\*|[A-Za-z0-9._-]+\*?)$/,
      "use a topic's name; * at its end stands for all that begin so",
    ),
);

export const user = z.strictObject({
  by: z
    .enum(["password", "certificate"])
    .default("password")
    .describe("How it logs in: by a password (SCRAM), or by a certificate that the operator makes"),
  password: secretRef(
    "Password; the program draws one when left out",
    "op://Homelab/Kafka/telemetry",
    oneLine,
  ).optional(),
  reads: topics.default([]).meta({
    description: "Topics that it reads, by groups whose names begin with its own",
    examples: [["vehicle_V"]],
  }),
  writes: topics.default([]).meta({
    description: "Topics that it writes",
    examples: [["vehicle_*"]],
  }),
  namespaces: z
    .array(label)
    .default([])
    .meta({
      description:
        "Namespaces whose pods log in as this user and so reach the cluster, besides applications of the site",
      examples: [["telemetry"]],
    }),
});

const cluster = z.strictObject({
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'use a release in quotes, such as "4.3.1"')
    .default("4.3.1")
    .describe("Release of Kafka; there is no way back to an older one"),
  controllers: pool("Nodes that keep what the cluster is made of", 5, 1024),
  brokers: pool("Nodes that keep what topics hold", 20, 2048),
  topics: z
    .record(topicName.meta({ examples: ["vehicle_V"] }), topic)
    .default({})
    .describe("Topics by name; others are not made"),
  users: z
    .record(label.meta({ examples: ["telemetry"] }), user)
    .default({})
    .describe("Users by name; without one nobody reads or writes"),
  outside: z
    .strictObject({
      hostname: domain.meta({
        description:
          "Name where clients outside of the cluster begin, below `site.domain`; brokers are reached by the same name with -0, -1 and so on",
        examples: ["kafka.home.arpa"],
      }),
      gateway: z
        .enum(["lan", "internal"])
        .default("lan")
        .describe("Whom it is for: the LAN or the tailnet"),
      listener: label.meta({
        description: "The gateway's listener, of the protocol `tls`",
        examples: ["kafka"],
      }),
    })
    .optional()
    .describe("How clients outside of the cluster reach it, by TLS and a password"),
  balances: z
    .boolean()
    .default(false)
    .describe("Whether Cruise Control moves partitions when brokers come and go"),
});

/** Kafka. */
export const kafka = z
  .strictObject({
    clusters: z
      .record(storeName(20, "main"), cluster)
      .default({})
      .describe("Kafka clusters by name"),
  })
  .describe("Kafka, run by Strimzi; a site without this section has none");

export type WrittenKafka = z.infer<typeof kafka>;

/** The section with the operator's version, whose kinds are pinned, and with what topics leave out. */
export function deriveKafka(
  { clusters }: WrittenKafka,
  { strimzi }: Versions,
  derivation: Derivation,
) {
  const chart = pinned(
    {
      key: "strimzi",
      version: strimzi,
      known: strimziVersions,
      unknown: "the checksums of its custom resource definitions are",
    },
    derivation,
  );
  return {
    chart,
    runnable: runnableReleases[chart] ?? [],
    clusters: Object.fromEntries(
      Object.entries(clusters).map(([name, written]) => [
        name,
        {
          ...written,
          topics: Object.fromEntries(
            Object.entries(written.topics).map(([of, one]) => [
              of,
              { ...one, replicas: one.replicas ?? Math.min(3, written.brokers.replicas) },
            ]),
          ),
        },
      ]),
    ),
  };
}

/** The part's config, everything filled in. */
export type KafkaConfig = ReturnType<typeof deriveKafka>;

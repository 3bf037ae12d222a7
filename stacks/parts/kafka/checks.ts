import { topicObject } from "../../../components/kafka/names.ts";
import type { Problem } from "../../../components/problem.ts";
import { checkVolumeClass } from "../../config/volume-checks.ts";
import type { SiteConfig } from "../../schema.ts";
import { checkSpread } from "../machines/nodes.ts";
import type { KafkaConfig } from "./schema.ts";

type Cluster = KafkaConfig["clusters"][string];

/** Each cluster can run, keeps its copies apart, and has topics and users that its operator takes. */
export function checkKafka(config: SiteConfig): readonly Problem[] {
  const { kafka } = config;
  if (kafka === undefined) return [];
  return [
    ...Object.entries(kafka.clusters).flatMap(([name, cluster]) => {
      const at = `homelab:kafka.clusters.${name}`;
      return [
        ...release(kafka, at, cluster),
        ...nodes(config, at, cluster),
        ...topics(at, name, cluster),
        ...users(at, cluster),
        ...outside(config, at, cluster),
        ...balanced(at, cluster),
      ];
    }),
    ...sharedUsers(kafka),
  ];
}

function release(
  { chart, runnable }: KafkaConfig,
  at: string,
  { version }: Cluster,
): readonly Problem[] {
  if (runnable.includes(version)) return [];
  const text = `Strimzi ${chart} does not run Kafka ${version}, but ${runnable.join(", ")}; use one of these`;
  return [{ path: `${at}.version`, text }];
}

function nodes(config: SiteConfig, at: string, cluster: Cluster): readonly Problem[] {
  return (["controllers", "brokers"] as const).flatMap((role) => {
    const { replicas, class: named } = cluster[role];
    const path = `${at}.${role}.replicas`;
    return [
      ...checkSpread(config, path, replicas, { what: "nodes" }),
      ...(role === "controllers" && replicas % 2 === 0
        ? [
            {
              path,
              text: `${replicas} controllers bear no more losses than ${replicas - 1}; use 1, 3 or 5`,
            },
          ]
        : []),
      ...checkVolumeClass(config, `${at}.${role}.class`, named),
    ];
  });
}

/** The topic before this one that is written alike; undefined where there is none. */
function alike(
  all: readonly string[],
  topic: string,
  written: (name: string) => string,
): string | undefined {
  const before = all.slice(0, all.indexOf(topic));
  return before.findLast((each) => written(each) === written(topic));
}

function topics(at: string, name: string, { topics: all, brokers }: Cluster): readonly Problem[] {
  return Object.entries(all).flatMap(([topic, { replicas, config }]) => {
    const path = `${at}.topics.${topic}`;
    const other = alike(Object.keys(all), topic, (each) => topicObject(name, each));
    // A broker counts . and _ as one in the names of its metrics, and makes no topic that meets another one there (kafka,
    // clients/.../common/internals/Topic.java, hasCollision).
    const twin = alike(Object.keys(all), topic, (each) => each.replaceAll(".", "_"));
    return [
      ...(replicas > brokers.replicas
        ? [
            {
              path: `${path}.replicas`,
              text: `${replicas} copies need as many brokers, and there are ${brokers.replicas}; lower it`,
            },
          ]
        : []),
      ...(other === undefined
        ? []
        : [
            {
              path,
              text: `has the same object as ${other}; use a name that differs in more than case, - and _`,
            },
          ]),
      ...(twin === undefined
        ? []
        : [
            { path, text: `is ${twin} to a broker, which takes . and _ for one; use another name` },
          ]),
      ...("retention.ms" in config
        ? [{ path: `${path}.config.retention.ms`, text: "is keepHours; write that" }]
        : []),
    ];
  });
}

/** A user that may do something with no topic would be one that nobody notices to be of no use. */
function users(at: string, { users: all, topics: known }: Cluster): readonly Problem[] {
  const matches = (on: string) =>
    Object.keys(known).some((topic) =>
      on.endsWith("*") ? topic.startsWith(on.slice(0, -1)) : topic === on,
    );
  return Object.entries(all).flatMap(([name, { by, password, reads, writes }]) => [
    ...(by === "certificate" && password !== undefined
      ? [
          {
            path: `${at}.users.${name}.password`,
            text: "is for a user that logs in by one; leave it out, or by",
          },
        ]
      : []),
    ...(["reads", "writes"] as const).flatMap((what) =>
      ({ reads, writes })[what].flatMap((on, i) =>
        matches(on)
          ? []
          : [
              {
                path: `${at}.users.${name}.${what}[${i}]`,
                text: `${on} is no topic of the cluster; known are ${Object.keys(known).join(", ") || "none"}`,
              },
            ],
      ),
    ),
  ]);
}

function outside(config: SiteConfig, at: string, { outside: way }: Cluster): readonly Problem[] {
  if (way === undefined) return [];
  const { gateway, site } = config;
  const path = `${at}.outside`;
  if (gateway === undefined)
    return [{ path, text: "there is no gateway to come by; add homelab:gateway, or leave it out" }];
  if (way.gateway === "internal" && !gateway.internal.enabled)
    return [
      {
        path: `${path}.gateway`,
        text: "internal is not there; enable homelab:gateway.internal, or use lan",
      },
    ];
  const tls = gateway[way.gateway].listeners.filter(({ protocol }) => protocol === "tls");
  return [
    ...(tls.some(({ name }) => name === way.listener)
      ? []
      : [
          {
            path: `${path}.listener`,
            text: `${way.listener} is no listener of the protocol tls of homelab:gateway.${way.gateway}; known are ${tls.map(({ name }) => name).join(", ") || "none"}. Add one, such as { name: ${way.listener}, port: 9094, protocol: tls }`,
          },
        ]),
    ...(way.hostname.endsWith(`.${site.domain}`)
      ? []
      : [
          {
            path: `${path}.hostname`,
            text: `${way.hostname} is not below ${site.domain}; use a name such as kafka.${site.domain}`,
          },
        ]),
  ];
}

/** With one broker Kafka would not be ready (CruiseControlMetricsReporter.java, validateCruiseControl). */
function balanced(at: string, { balances, brokers }: Cluster): readonly Problem[] {
  if (!balances || brokers.replicas > 1) return [];
  const text = "there is one broker, and nothing to move; have two or more, or leave it out";
  return [{ path: `${at}.balances`, text }];
}

/** A user is called like its object, and all clusters are in one namespace. */
function sharedUsers({ clusters }: KafkaConfig): readonly Problem[] {
  const seen = new Map<string, string>();
  return Object.entries(clusters).flatMap(([cluster, { users: all }]) =>
    Object.keys(all).flatMap((name) => {
      const other = seen.get(name);
      seen.set(name, cluster);
      if (other === undefined) return [];
      const text = `${other} has a user ${name} already, and each is called like its object; use another name`;
      return [{ path: `homelab:kafka.clusters.${cluster}.users.${name}`, text }];
    }),
  );
}

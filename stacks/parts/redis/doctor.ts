/** Redis: its pods and who of them is the master; the operator's own phase tells nothing (dragonfly-operator, issue 589). */
import { redisNamespace } from "../../../components/redis/names.ts";
import type { Check } from "../../doctor/check.ts";
import { conditionOf, type Condition } from "../../doctor/conditions.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { kubectl } from "../../doctor/kubectl.ts";
import type { RedisConfig } from "./schema.ts";

const { name: namespace } = redisNamespace;

/** A pod, as far as the doctor looks. */
export interface RedisPod {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** None where the site has no Redis, or has not been brought up. */
export function redisChecks(
  { config: { redis }, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (redis === undefined || !isUp) return [];
  return [
    {
      subject: "Redis",
      run: async () => {
        const list = await kubectl(run, "-n", namespace, "get", "pods", "-o", "json");
        return judgeInstances(redis, (JSON.parse(list) as { items: RedisPod[] }).items);
      },
    },
  ];
}

/** Each instance of the config has a master that is ready, and as many pods as it is to have. */
export function judgeInstances(
  { instances }: Pick<RedisConfig, "instances">,
  pods: readonly RedisPod[],
): readonly Finding[] {
  return Object.entries(instances).flatMap(([name, { replicas, snapshots }]) => {
    const subject = `Redis ${name}`;
    const look = `kubectl -n ${namespace} get pods -l app=${name} -L role; docs/redis.md`;
    const own = pods.filter(({ metadata: { labels } }) => labels["app"] === name);
    const ready = own.filter(
      ({ status }) => conditionOf(status?.conditions, "Ready")?.status === "True",
    );
    const masters = ready.filter(({ metadata: { labels } }) => labels["role"] === "master");
    const roles = ready.filter(({ metadata: { labels } }) => labels["role"] !== undefined);
    if (masters.length !== 1)
      return [problem(subject, `${masters.length} of its ready pods are the master`, look)];
    if (roles.length < replicas)
      return [warning(subject, `${roles.length} of ${replicas} pods are ready with a role`, look)];
    return [
      ok(subject, `${replicas} pods are ready`),
      ...(snapshots === undefined
        ? [
            warning(
              subject,
              "is not saved: all is lost when all pods are",
              `write homelab:redis.instances.${name}.snapshots where that matters`,
            ),
          ]
        : []),
    ];
  });
}

import { named, type AlertGroup } from "./alert.ts";

/** A Redis instance that tells of itself. */
export interface RedisWatch {
  readonly instance: string;
  /** Job of its pods' metrics. */
  readonly job: string;
  /** Pods, the master among them. */
  readonly replicas: number;
  /** Whether it makes room by itself. */
  readonly evicts: boolean;
  /** Hours between snapshots; undefined without. */
  readonly savesEveryHours?: number;
}

/** Alerts on Redis. Metrics are Dragonfly's (dragonfly v1.39.0, src/server/server_family.cc, PrintPrometheusMetrics). */
export function redisAlerts(instances: readonly RedisWatch[]): AlertGroup {
  const of = (instance: string, expression: string) => named("instance", instance, expression);
  const full = instances.filter(({ evicts }) => !evicts);
  const saved = instances.flatMap(({ instance, job, savesEveryHours: hours }) =>
    hours === undefined ? [] : [{ instance, job, hours }],
  );
  return {
    name: "redis",
    alerts: [
      {
        name: "RedisWithoutMaster",
        severity: "critical",
        expression: instances
          .map(({ instance, job }) =>
            of(instance, `(sum(dragonfly_master{job="${job}"}) or vector(0)) < 1`),
          )
          .join(" or "),
        for: "3m",
        summary: "no pod of the Redis instance {{ $labels.instance }} is the master",
        description: "Nothing reaches it: its Service leads to the master alone.",
      },
      {
        name: "RedisPodMissing",
        severity: "warning",
        expression: instances
          .map(({ instance, job, replicas }) =>
            of(instance, `(count(dragonfly_master{job="${job}"}) or vector(0)) < ${replicas}`),
          )
          .join(" or "),
        for: "30m",
        summary: "the Redis instance {{ $labels.instance }} has {{ $value }} pods that answer",
        description: "The next host that is lost may take the last copy with it.",
      },
      ...(full.length === 0
        ? []
        : [
            {
              name: "RedisMemoryShort",
              severity: "warning",
              expression: `max by (job, pod) (dragonfly_memory_used_bytes{job=~"${full.map(({ job }) => job).join("|")}"} / dragonfly_memory_max_bytes) > 0.9`,
              for: "15m",
              summary: "the memory of {{ $labels.pod }} is nearly full",
              description:
                "{{ $value | humanizePercentage }} of what it may take are in use; writes fail when it is all.",
            } as const,
          ]),
      ...(saved.length === 0
        ? []
        : [
            {
              name: "RedisNotSaved",
              severity: "critical",
              expression: saved
                .map(({ instance, job, hours }) =>
                  of(
                    instance,
                    `(sum(increase(dragonfly_backups_total{job="${job}"}[${2 * hours}h]) - increase(dragonfly_failed_backups_total{job="${job}"}[${2 * hours}h])) or vector(0)) < 0.5`,
                  ),
                )
                .join(" or "),
              for: "1h",
              summary: "the Redis instance {{ $labels.instance }} is not saved any more",
              description: "No snapshot has arrived in twice the time in which one should.",
            } as const,
          ]),
    ],
  };
}

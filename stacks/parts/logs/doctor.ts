/** Logs: whether Loki answers, and whether lines of every node come. */
import {
  alloyCharts,
  alloyNamespace,
  lokiCharts,
  lokiNamespace,
  nodeLabel,
} from "../../../components/logs/names.ts";
import { linesByNode, rulesState } from "../../../components/logs/proof.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { kubectl } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";

/** Both charts; none where the site has no logs. */
export function logsReleases({ logs }: Pick<SiteConfig, "logs">): readonly Release[] {
  if (logs === undefined) return [];
  return [
    chart(lokiCharts, "loki", logs.charts.loki, "homelab:versions.loki"),
    chart(alloyCharts, "alloy", logs.charts.alloy, "homelab:versions.alloy"),
  ];
}

/** An answer of Loki to a question after numbers. */
export interface LokiAnswer {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

/** The state of Loki's rules. */
export interface LokiRules {
  readonly data: {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly name: string;
        readonly health: string;
        readonly lastError?: string;
      }[];
    }[];
  };
}

/** None where the site has no logs, or has not been brought up. */
export function logsChecks(
  { config: { logs, machines, monitoring }, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (logs === undefined || !isUp) return [];
  const ask = async <T>(path: string): Promise<T> =>
    JSON.parse(await kubectl(run, "get", "--raw", path)) as T;
  return [
    {
      subject: "logs",
      run: async () =>
        judgeLines(
          machines.map(({ name }) => name),
          await ask<LokiAnswer>(linesByNode),
        ),
    },
    ...(monitoring === undefined
      ? []
      : [
          {
            subject: "rules on logs",
            run: async () => judgeRules(await ask<LokiRules>(rulesState)),
          },
        ]),
  ];
}

/** Lines of every node came within the last hour. */
export function judgeLines(nodes: readonly string[], { data }: LokiAnswer): readonly Finding[] {
  const subject = "logs";
  const there = new Map(
    data.result.map(({ metric, value: [, count] }) => [metric[nodeLabel], Number(count)]),
  );
  const silent = nodes.filter((node) => !there.has(node));
  if (silent.length === 0) {
    const lines = [...there.values()].reduce((sum, count) => sum + count, 0);
    return [ok(subject, `${lines} lines of pods came within the last hour, from every machine`)];
  }
  const look = `kubectl -n ${alloyNamespace.name} get pods -o wide, and their logs; docs/logs.md`;
  return silent.map((node) => warning(subject, `nothing came from ${node} within an hour`, look));
}

/** Every rule is evaluated. */
export function judgeRules({ data }: LokiRules): readonly Finding[] {
  const subject = "rules on logs";
  const all = data.groups.flatMap(({ rules }) => rules);
  const look = `kubectl -n ${lokiNamespace.name} logs loki-0`;
  if (all.length === 0) return [problem(subject, "Loki has none", look)];
  const failing = all.filter(({ health }) => health === "err");
  if (failing.length === 0) return [ok(subject, `${all.length} are evaluated`)];
  return failing.map(({ name, lastError = "it does not say why" }) =>
    problem(subject, `${name} cannot be evaluated: ${lastError}`, look),
  );
}

import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import type { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { Bucket, Volume } from "../storage/claim.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { rolledOutScript } from "../workload/rolled-out.ts";
import { alloyConfig } from "./alloy-config.ts";
import { alloyValues } from "./alloy-values.ts";
import { dataSourceMap } from "./data-source.ts";
import { lokiValues, type LokiPlan } from "./loki-values.ts";
import {
  alloy,
  alloyCharts,
  alloyNamespace,
  bucketClaim,
  loki,
  lokiCharts,
  lokiNamespace,
  lokiUrl,
  volumeClaim,
} from "./names.ts";
import { linesByNode, rulesState } from "./proof.ts";
import { logAlerts, logRulesMap } from "./rules.ts";

const seenScript = rke2Script + rolledOutScript + scriptText(import.meta.url, "seen.sh");

/** Monitoring, as far as logs lean on it. */
export interface Watch {
  /** Address of Alertmanager, which is told of lines. */
  readonly alertmanager: string;
  /** Address of the folder with the pages of alerts. */
  readonly runbooks?: string;
  /** Its release: Grafana's namespace is there. */
  readonly release: Resource;
}

export interface LogsArgs extends Pick<
  LokiPlan,
  "site" | "clusterDomain" | "retentionDays" | "limits"
> {
  /** Versions of the charts. */
  readonly charts: { readonly loki: string; readonly alloy: string };
  /** Where lines are kept, and how much they may come to. */
  readonly bucket: { readonly class: string; readonly sizeGiB: number };
  /** Where they wait before. */
  readonly volume: { readonly class: string; readonly sizeGiB: number };
  /** Units of systemd that are read besides RKE2's. */
  readonly units: readonly string[];
  /** Without it nobody is told of lines, and no Grafana shows them. */
  readonly watch?: Watch;
  /** Nodes from which lines have to come. */
  readonly nodes: readonly string[];
  /** A server, where the cluster is asked. */
  readonly server: ReachedMachine;
  /** What must be there before, and goes after it: the storage of bucket and volume. */
  readonly after: readonly Resource[];
}

/**
 * Loki with its bucket, and Alloy on each machine, which sends it what pods, RKE2 and the kernel say. Ready means proven: lines of
 * every node are found, and all rules on lines are evaluated. The cluster's provider is that of `opts.providers`.
 */
export class Logs extends ComponentResource {
  /** The step that found the lines. */
  readonly seen: Resource;

  constructor(name: string, args: LogsArgs, opts?: ComponentResourceOptions) {
    super("homelab:logs:Logs", name, {}, opts);
    const dependsOn = [...args.after];
    const store = makeNamespace(`${name}-loki-namespace`, lokiNamespace, {
      parent: this,
      dependsOn,
    });
    const collector = makeNamespace(`${name}-alloy-namespace`, alloyNamespace, { parent: this });
    const rules = this.rules(name, args, store);
    const kept = this.loki(name, args, store, rules);
    const read = this.alloy(args, collector, kept);
    this.dataSource(name, args);
    this.seen = this.waitUntilSeen(name, args, [read, ...rules]);
    this.registerOutputs({});
  }

  private rules(name: string, { watch }: LogsArgs, namespace: Namespace): readonly Resource[] {
    if (watch === undefined) return [];
    return [
      new ConfigMap(`${name}-rules`, logRulesMap(watch.runbooks), {
        parent: this,
        dependsOn: [namespace],
      }),
    ];
  }

  /** It goes before bucket and volume do, and these before their storage. */
  private loki(
    name: string,
    args: LogsArgs,
    { metadata: { name: namespace } }: Namespace,
    before: readonly Resource[],
  ): Resource {
    const { site, bucket, volume, charts, clusterDomain, retentionDays, limits, watch } = args;
    const { claim: chunks } = new Bucket(
      `${name}-bucket`,
      { namespace, name: bucketClaim, class: bucket.class, maxSizeGiB: bucket.sizeGiB },
      { parent: this },
    );
    const { claim: room } = new Volume(
      `${name}-volume`,
      { namespace, name: volumeClaim, ...volume },
      { parent: this },
    );
    return helmRelease(
      loki.name,
      {
        name: loki.name,
        namespace,
        chart: "loki",
        version: charts.loki,
        repositoryOpts: { repo: lokiCharts },
        values: lokiValues({
          ...{ site, clusterDomain, retentionDays, limits, bucket: chunks, volume: room },
          ...(watch === undefined ? {} : { alertmanager: watch.alertmanager }),
        }),
        timeout: 900,
      },
      { parent: this, dependsOn: [...before] },
    );
  }

  private alloy(
    { charts, clusterDomain, units }: LogsArgs,
    { metadata: { name: namespace } }: Namespace,
    after: Resource,
  ): Resource {
    return helmRelease(
      alloy.name,
      {
        name: alloy.name,
        namespace,
        chart: "alloy",
        version: charts.alloy,
        repositoryOpts: { repo: alloyCharts },
        skipCrds: true,
        values: alloyValues({ url: lokiUrl(clusterDomain), units }),
        // Helm would wait for machines that are away; the proof waits for the others.
        skipAwait: true,
      },
      { parent: this, dependsOn: [after] },
    );
  }

  private dataSource(name: string, { watch, clusterDomain }: LogsArgs): void {
    if (watch === undefined) return;
    new ConfigMap(`${name}-data-source`, dataSourceMap(lokiUrl(clusterDomain)), {
      parent: this,
      dependsOn: [watch.release],
    });
  }

  private waitUntilSeen(name: string, args: LogsArgs, after: readonly Resource[]): Resource {
    const { server, nodes, watch, charts, clusterDomain, units } = args;
    return new RemoteStep(
      `${name}-seen`,
      {
        machine: server,
        title: "logs-seen",
        script: seenScript,
        parameters: {
          NAMESPACES: `${lokiNamespace.name} ${alloyNamespace.name}`,
          COLLECTOR: alloy.name,
          LINES: linesByNode,
          RULES: rulesState,
          NODES: nodes.join(" "),
          ALERTS: watch === undefined ? "0" : String(logAlerts.length),
          // Not read: other releases, and what else Alloy reads, are proven again.
          RELEASES: [charts.loki, charts.alloy].join(" "),
          CONFIG: alloyConfig({ url: lokiUrl(clusterDomain), units }),
        },
        // Twenty-five minutes for its turn, and what the script waits for after it: 30 minutes in all.
        limitSeconds: 3600,
        after,
      },
      { parent: this },
    ).done;
  }
}

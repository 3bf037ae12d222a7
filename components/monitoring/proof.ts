/** What has to be seen before monitoring counts as running. */
import { fullName } from "./names.ts";

/** How much there is to see. */
export interface Sight {
  readonly servers: number;
  readonly nodes: number;
  /** Whether etcd, controller manager and scheduler answer at the addresses of their nodes. */
  readonly controlPlane: boolean;
  /** Whether the cluster's DNS tells of itself. */
  readonly clusterDns: boolean;
}

/**
 * Jobs that have to be up, each with the least number of places where it is. They are called as the chart's Services and
 * monitors say (`jobLabel`), and what the chart does not name so after the Service.
 */
export function expectedJobs({
  servers,
  nodes,
  controlPlane,
  clusterDns,
}: Sight): readonly [string, number][] {
  return [
    ["apiserver", servers],
    ["kubelet", nodes],
    ["node-exporter", nodes],
    ["kube-state-metrics", 1],
    ...(clusterDns ? [["coredns", 1] as [string, number]] : []),
    [`${fullName}-operator`, 1],
    [`${fullName}-prometheus`, 1],
    [`${fullName}-alertmanager`, 1],
    ["grafana", 1],
    ...(controlPlane
      ? ["kube-etcd", "kube-controller-manager", "kube-scheduler"].map((job): [string, number] => [
          job,
          servers,
        ])
      : []),
  ];
}

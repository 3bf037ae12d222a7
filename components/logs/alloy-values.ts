import { alloyConfig, kubeletLogs, type CollectorPlan } from "./alloy-config.ts";
import { daemonSetUpdates } from "../workload/rolled-out.ts";
import { alloy } from "./names.ts";

/**
 * A folder or a file of the machine in Alloy's pods. Reading positions are written; all else is only read, and the journal is found
 * by the machine's id: without it Alloy reads nothing and says nothing of it (https://github.com/grafana/alloy/issues/924).
 */
const ofMachine = [
  { name: "machine-id", path: "/etc/machine-id", type: "File", readOnly: true },
  { name: "run-journal", path: "/run/log/journal", type: "DirectoryOrCreate", readOnly: true },
  { name: "kubelet-logs", path: kubeletLogs.folder, type: "DirectoryOrCreate", readOnly: true },
  { name: "positions", path: "/var/lib/alloy", type: "DirectoryOrCreate", readOnly: false },
] as const;

/**
 * Values of the alloy chart: one on every machine, whatever keeps other pods away. It reads files of root, and needs no
 * right but that; it asks the API server for nothing.
 * @see https://github.com/grafana/alloy/blob/helm-chart/1.11.1/operations/helm/charts/alloy/values.yaml
 */
export function alloyValues(plan: CollectorPlan): Record<string, unknown> {
  return {
    fullnameOverride: alloy.name,
    // Nothing here is made of the kind that the chart brings.
    crds: { create: false },
    rbac: { create: false },
    serviceAccount: { automountServiceAccountToken: false },
    alloy: {
      configMap: { content: alloyConfig(plan) },
      // By itself in /tmp: each new pod would send everything again.
      storagePath: "/var/lib/alloy/data",
      enableReporting: false,
      mounts: {
        // With the journal where it outlives a restart, and with all that containers write.
        varlog: true,
        extra: ofMachine.map(({ name, path, readOnly }) => ({ name, mountPath: path, readOnly })),
      },
      securityContext: {
        runAsUser: 0,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
        seccompProfile: { type: "RuntimeDefault" },
      },
      resources: { requests: { cpu: "20m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    },
    // The chart rolls its pods out when the configuration changes, which shows at once whether it is read.
    configReloader: { enabled: false },
    controller: {
      tolerations: [{ operator: "Exists" }],
      updateStrategy: daemonSetUpdates,
      volumes: {
        extra: ofMachine.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
      },
    },
  };
}

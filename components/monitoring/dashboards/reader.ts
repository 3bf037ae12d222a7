import { ClusterRole } from "@pulumi/kubernetes/rbac/v1/clusterRole.js";
import { ClusterRoleBinding } from "@pulumi/kubernetes/rbac/v1/clusterRoleBinding.js";
import type { Resource } from "@pulumi/pulumi";
import { monitoringNamespace } from "../names.ts";

/** What Grafana's sidecars may read, by the name that the chart gives Grafana's account: ConfigMaps of all namespaces. */
export function dashboardsReader(name: string, parent: Resource): Resource {
  const metadata = { name: "grafana-dashboards" };
  const role = new ClusterRole(
    `${name}-dashboards-reader`,
    {
      metadata,
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "watch", "list"] }],
    },
    { parent },
  );
  return new ClusterRoleBinding(
    `${name}-dashboards-reading`,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: "grafana", namespace: monitoringNamespace.name }],
    },
    { parent, dependsOn: [role] },
  );
}

import { stringify } from "yaml";

/** What the control plane's address needs. */
export interface KubeVipArgs {
  /** Release, for example `v1.0.4`. */
  readonly version: string;
  /** The address, IPv4. */
  readonly vip: string;
  /** Network interface of the servers that carries it. */
  readonly interface: string;
}

const name = "kube-vip";
const namespace = "kube-system";

/**
 * Manifest of kube-vip: one pod on each server; the one that holds the lease carries the address. It reaches the API
 * through its own node, because it runs before the cluster has a network.
 * @see https://kube-vip.io/docs/installation/daemonset/
 */
export function kubeVipManifest(args: KubeVipArgs): string {
  return [account(), role(), binding(), daemonSet(args)]
    .map((object) => stringify(object))
    .join("---\n")
    .trimEnd();
}

function account(): object {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } };
}

function role(): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: `system:${name}-role` },
    rules: [
      { apiGroups: [""], resources: ["services/status"], verbs: ["update"] },
      {
        apiGroups: [""],
        resources: ["services", "endpoints"],
        verbs: ["list", "get", "watch", "update"],
      },
      { apiGroups: [""], resources: ["nodes"], verbs: ["list", "get", "watch", "update", "patch"] },
      {
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        verbs: ["list", "get", "watch", "update", "create"],
      },
      {
        apiGroups: ["discovery.k8s.io"],
        resources: ["endpointslices"],
        verbs: ["list", "get", "watch", "update"],
      },
    ],
  };
}

function binding(): object {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: `system:${name}-binding` },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: `system:${name}-role`,
    },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  };
}

function daemonSet(args: KubeVipArgs): object {
  const labels = { "app.kubernetes.io/name": name };
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [
                  {
                    matchExpressions: [
                      { key: "node-role.kubernetes.io/control-plane", operator: "Exists" },
                    ],
                  },
                ],
              },
            },
          },
          containers: [container(args)],
          hostNetwork: true,
          priorityClassName: "system-node-critical",
          serviceAccountName: name,
          tolerations: [
            { effect: "NoSchedule", operator: "Exists" },
            { effect: "NoExecute", operator: "Exists" },
          ],
        },
      },
    },
  };
}

function container(args: KubeVipArgs): object {
  const env = {
    vip_arp: "true",
    port: "6443",
    vip_interface: args.interface,
    vip_subnet: "32",
    cp_enable: "true",
    cp_namespace: namespace,
    svc_enable: "false",
    vip_leaderelection: "true",
    vip_leasename: "plndr-cp-lock",
    // kube-vip's older 5, 3 and 1 let go of the address whenever a disk stalls etcd for 3 s (kube-vip#1429).
    vip_leaseduration: "10",
    vip_renewdeadline: "7",
    vip_retryperiod: "2",
    address: args.vip,
    // On the host's network its default, all addresses, would show the metrics to the LAN without a login.
    prometheus_server: "127.0.0.1:2112",
    KUBERNETES_SERVICE_HOST: "127.0.0.1",
    KUBERNETES_SERVICE_PORT: "6443",
  };
  return {
    name,
    image: `ghcr.io/kube-vip/kube-vip:${args.version}`,
    imagePullPolicy: "IfNotPresent",
    args: ["manager"],
    env: [
      { name: "vip_nodename", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ...Object.entries(env).map(([key, value]) => ({ name: key, value })),
    ],
    securityContext: { capabilities: { add: ["NET_ADMIN", "NET_RAW"], drop: ["ALL"] } },
  };
}

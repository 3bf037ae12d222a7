import type { apps } from "@pulumi/kubernetes/types/input.js";
import { digest } from "../digest.ts";
import { restrictedContainer, restrictedPod } from "../workload/restricted.ts";
import { cachePorts } from "./corefile.ts";
import { dnsPorts } from "./redirect.ts";

/** Name of the caches' objects in the cluster. */
export const cacheName = "node-local-dns";

/** Labels of the caches' pods; Cilium's redirect and network policies select them by these. */
export const cacheLabels = { "k8s-app": cacheName } as const;

/** What the DaemonSet is made of. */
export interface CachePlan {
  /** Release of node-cache, for example `1.26.8`. */
  readonly version: string;
  /** ConfigMap that holds the Corefile, and the text in it. */
  readonly configMap: string;
  readonly corefile: string;
}

/** Annotation of the pods that changes with their Corefile, and so rolls them out. */
const corefileMark = "homelab/corefile";

const configFolder = "/etc/coredns";
const workFolder = "/run/node-cache";

/**
 * The cache on every node. In the pods' network its flags that would set up the host's interface and rules are off, which
 * leaves `-localip` without a use, but node-cache does not start without one. It writes the Corefile that CoreDNS reads,
 * where a folder can be written. Its image has no file capability, so that port 53 is opened to its user by a sysctl that
 * the kubelet counts as safe. A new pod is ready on a node before the old one leaves.
 * @see https://github.com/kubernetes/dns/blob/1.26.7/cmd/node-cache/main.go
 * @see https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/#safe-and-unsafe-sysctls
 */
export function cacheSpec({ version, configMap, corefile }: CachePlan): apps.v1.DaemonSetSpec {
  const health = { httpGet: { path: "/health", port: "health" } };
  return {
    selector: { matchLabels: cacheLabels },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: { labels: cacheLabels, annotations: { [corefileMark]: digest(corefile) } },
      spec: {
        priorityClassName: "system-node-critical",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        // The machine's own nameservers: asked by the cluster's DNS it would ask itself.
        dnsPolicy: "Default",
        tolerations: [{ operator: "Exists" }],
        nodeSelector: { "kubernetes.io/os": "linux" },
        securityContext: {
          ...restrictedPod(),
          sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
        },
        containers: [
          {
            name: "node-cache",
            image: `registry.k8s.io/dns/k8s-dns-node-cache:${version}`,
            args: [
              "-localip=0.0.0.0",
              `-basecorefile=${configFolder}/Corefile`,
              `-conf=${workFolder}/Corefile`,
              "-setupinterface=false",
              "-setupiptables=false",
              "-skipteardown=true",
            ],
            ports: [
              ...dnsPorts.map(({ name, port, protocol }) => ({
                name,
                containerPort: port,
                protocol,
              })),
              { name: "metrics", containerPort: cachePorts.metrics },
              { name: "health", containerPort: cachePorts.health },
            ],
            readinessProbe: { ...health, periodSeconds: 2, failureThreshold: 2 },
            livenessProbe: {
              ...health,
              initialDelaySeconds: 30,
              periodSeconds: 10,
              failureThreshold: 6,
            },
            resources: { requests: { cpu: "25m", memory: "32Mi" }, limits: { memory: "192Mi" } },
            securityContext: restrictedContainer(),
            volumeMounts: [
              { name: "corefile", mountPath: configFolder, readOnly: true },
              { name: "work", mountPath: workFolder },
            ],
          },
        ],
        volumes: [
          { name: "corefile", configMap: { name: configMap } },
          { name: "work", emptyDir: { sizeLimit: "1Mi" } },
        ],
      },
    },
  };
}

/** How a node that carries storage ends: what uses volumes first, and the disks' daemons last. */
import { stringify } from "yaml";
import { shutdownSeconds } from "../machine.ts";

const { applications, clusterCritical, nodeCritical, all } = shutdownSeconds;

/**
 * What the kubelet adds to its settings: it keeps logind from shutting the machine down until pods have ended, the lowest priority
 * first, and waits between two groups until their volumes are unmounted from them (kubernetes v1.36.3, pkg/kubelet/nodeshutdown).
 * Ceph's disks, monitors and file systems and the CSI drivers of nodes are node-critical, its managers and gateways
 * cluster-critical. The other form of the setting, which a file before this one may have, is taken back: the kubelet refuses both.
 * @see https://docs.rke2.io/install/configuration
 */
export const kubeletShutdown = stringify({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  shutdownGracePeriod: "0s",
  shutdownGracePeriodCriticalPods: "0s",
  shutdownGracePeriodByPodPriority: [
    { priority: 0, shutdownGracePeriodSeconds: applications },
    { priority: 2_000_000_000, shutdownGracePeriodSeconds: clusterCritical },
    { priority: 2_000_001_000, shutdownGracePeriodSeconds: nodeCritical },
  ],
});

/**
 * What the unit of an only server is given, or an empty string. To the kubelet a static pod has the priority 0, whatever class it
 * names (kubernetes#133442), so that the API server ends with the applications. RKE2 ends 30 s after it, once it has lost its lease
 * (wrangler v3.7.0, pkg/leader), and takes the kubelet with it (rke2, pkg/executor/staticpod, addDeathSig), which lets the machine
 * go. Where there is no other server nobody waits for the lease; with several it has to move on soon.
 */
export function leaseOfServer(servers: number): string {
  if (servers > 1) return "";
  const seconds = {
    CATTLE_ELECTION_LEASE_DURATION: all + 60,
    CATTLE_ELECTION_RENEW_DEADLINE: all + 30,
  };
  const lines = Object.entries(seconds).map(([name, value]) => `Environment=${name}=${value}s`);
  return ["[Service]", ...lines].join("\n");
}

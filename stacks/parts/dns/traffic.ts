import { cacheLabels } from "../../../components/dns/cache-pods.ts";
import { clusterDnsService } from "../../../components/dns/redirect.ts";
import { pods, tcp, udp, type Flow } from "../../../components/policies/flow.ts";
import { operatorNamespace } from "../../../components/tailnet/operator-values.ts";
import type { SiteConfig } from "../../schema.ts";

const caches = pods("node-local DNS", clusterDnsService.namespace, cacheLabels);

/** Pods of the DNSConfig's nameserver (cmd/k8s-operator/deploy/manifests/nameserver). */
const nameserver = pods("tailnet's nameserver", operatorNamespace.name, { app: "nameserver" });

/** The caches are in nobody's way, as kube-system is not guarded; the tailnet's nameserver they reach in its namespace. */
export function dnsTraffic({ dns }: SiteConfig): readonly Flow[] {
  if (dns?.nameserver === undefined) return [];
  const ports = [...udp(1053), ...tcp(1053)];
  return [{ from: caches, to: nameserver, ports, why: "names of the tailnet" }];
}

import { cacheLabels } from "../../../components/dns/cache-pods.ts";
import { clusterDnsService } from "../../../components/dns/redirect.ts";
import { dnsOn, pods, type Flow } from "../../../components/policies/flow.ts";
import { operatorNamespace } from "../../../components/tailnet/operator-values.ts";
import type { SiteConfig } from "../../schema.ts";

const { namespace, selector } = clusterDnsService;

/** The cluster's own DNS. */
const clusterDns = pods("cluster DNS", namespace, selector);

/** The nodes' own caches before it. */
const caches = pods("node-local DNS", namespace, cacheLabels);

/** Pods that answer the cluster's lookups. */
export const dnsPods = [clusterDns, caches];

/** Pods of the DNSConfig's nameserver (cmd/k8s-operator/deploy/manifests/nameserver). */
const nameserver = pods("tailnet's nameserver", operatorNamespace.name, { app: "nameserver" });

/** The caches are in nobody's way, as kube-system is not guarded; the tailnet's nameserver they reach in its namespace. */
export function dnsTraffic({ dns }: SiteConfig): readonly Flow[] {
  if (dns?.nameserver === undefined) return [];
  return [{ from: caches, to: nameserver, ports: dnsOn(1053), why: "names of the tailnet" }];
}

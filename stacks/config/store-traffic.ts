import { addresses, names, tcp, type Pods } from "../../components/policies/flow.ts";
import { dnsName } from "../../components/policies/names.ts";
import { bucketGateways, bucketPort } from "../parts/storage/traffic.ts";
import { storeHost } from "./s3-store.ts";
import type { StoreChoice } from "./store-checks.ts";

/** The way of pods to a store. */
export function storeFlow(from: Pods, { s3 }: StoreChoice) {
  if (s3 === undefined) return { from, to: bucketGateways, ports: bucketPort };
  const { host, port } = storeHost(s3.endpoint);
  const to = /^[\d.]+$/.test(host) ? addresses([host]) : names(dnsName(host));
  return { from, to, ports: tcp(port) };
}

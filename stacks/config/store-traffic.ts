import { addresses, names, tcp, type Pods } from "../../components/policies/flow.ts";
import { dnsName } from "../../components/policies/names.ts";
import { bucketGateways, bucketPort } from "../parts/storage/traffic.ts";
import type { StoreChoice } from "./store-checks.ts";

/** The way of pods to a store. */
export function storeFlow(from: Pods, { s3 }: StoreChoice) {
  if (s3 === undefined) return { from, to: bucketGateways, ports: bucketPort };
  const { hostname, port, protocol } = new URL(s3.endpoint);
  const at = tcp(Number(port || (protocol === "http:" ? 80 : 443)));
  const to = /^[\d.]+$/.test(hostname) ? addresses([hostname]) : names(dnsName(hostname));
  return { from, to, ports: at };
}

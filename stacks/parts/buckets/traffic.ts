import { bucketsNamespace, copyLabels } from "../../../components/buckets/names.ts";
import { pods, type Flow } from "../../../components/policies/flow.ts";
import { storeFlow } from "../../config/store-traffic.ts";
import type { SiteConfig } from "../../schema.ts";
import { copiedNames } from "./copies.ts";

const copies = pods("copies of buckets", bucketsNamespace.name, copyLabels);

/** What copies buckets reaches the gateways and the store outside. */
export function bucketsTraffic(config: SiteConfig): readonly Flow[] {
  const { backup } = config;
  if (backup === undefined || copiedNames(config).length === 0) return [];
  return [
    { ...storeFlow(copies, {}), why: "buckets that it copies" },
    { ...storeFlow(copies, { s3: backup.s3 }), why: "copies of buckets" },
  ];
}

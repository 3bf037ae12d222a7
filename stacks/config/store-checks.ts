import { z } from "zod";
import type { Problem } from "../../components/problem.ts";
import { ledNames } from "../parts/tailnet/proxies-schema.ts";
import type { SiteConfig } from "../schema.ts";
import { hostForm } from "./forms.ts";
import { storeHost } from "./s3-store.ts";

/** A section that names one store: a bucket of the site's own storage, or S3 outside. */
export interface StoreChoice {
  readonly bucket?: string | undefined;
  readonly s3?: { readonly endpoint: string } | undefined;
}

/** There is one store, and pods can be let to it. */
export function checkStore(
  { storage, tailnet }: Pick<SiteConfig, "storage" | "tailnet">,
  path: string,
  { bucket, s3 }: StoreChoice,
): readonly Problem[] {
  if ((bucket === undefined) === (s3 === undefined)) {
    const what = s3 === undefined ? "has no store" : "has two stores";
    const text = `${what}; write bucket for one of the site's own storage, or s3 for one outside`;
    return [{ path, text }];
  }
  if (s3 !== undefined) {
    const { host } = storeHost(s3.endpoint);
    if (hostForm.test(host) || z.ipv4().safeParse(host).success)
      return checkLed({ tailnet }, path, s3);
    const text = `${host} is neither an IPv4 address nor a DNS name of two labels or more, by which policies let it be reached; use one of these`;
    return [{ path: `${path}.s3.endpoint`, text }];
  }
  const buckets = (storage?.classes ?? [])
    .filter(({ kind }) => kind === "bucket")
    .map(({ name }) => name);
  if (bucket === undefined || buckets.includes(bucket)) return [];
  const text = `${bucket} is no bucket class of homelab:storage; known are ${buckets.join(", ") || "none"}. Name one, or write s3`;
  return [{ path: `${path}.bucket`, text }];
}

/** A store behind a name of `homelab:tailnet.egress` is reached at the ports that stand there. */
export function checkLed(
  { tailnet }: Pick<SiteConfig, "tailnet">,
  path: string,
  { endpoint }: NonNullable<StoreChoice["s3"]>,
): readonly Problem[] {
  const { host, port } = storeHost(endpoint);
  const led = ledNames(tailnet).find(({ hostname }) => hostname === host);
  if (led === undefined || (led.protocol === "TCP" && led.ports.includes(port))) return [];
  const text = `${host} leads to homelab:tailnet.egress.${led.host}, which has ${led.protocol} ${led.ports.join(", ")} and not TCP ${port}; list ${port} there, or use another port`;
  return [{ path: `${path}.s3.endpoint`, text }];
}

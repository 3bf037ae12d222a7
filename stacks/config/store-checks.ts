import { z } from "zod";
import type { Problem } from "../../components/problem.ts";
import type { SiteConfig } from "../schema.ts";
import { hostForm } from "./forms.ts";

/** A section that names one store: a bucket of the site's own storage, or S3 outside. */
export interface StoreChoice {
  readonly bucket?: string | undefined;
  readonly s3?: { readonly endpoint: string } | undefined;
}

/** There is one store, and pods can be let to it. */
export function checkStore(
  { storage }: Pick<SiteConfig, "storage">,
  path: string,
  { bucket, s3 }: StoreChoice,
): readonly Problem[] {
  if ((bucket === undefined) === (s3 === undefined)) {
    const what = s3 === undefined ? "has no store" : "has two stores";
    const text = `${what}; write bucket for one of the site's own storage, or s3 for one outside`;
    return [{ path, text }];
  }
  if (s3 !== undefined) {
    const host = new URL(s3.endpoint).hostname;
    if (hostForm.test(host) || z.ipv4().safeParse(host).success) return [];
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

/** A store outside of the cluster that speaks S3, as sections of the site file name one. */
import { z } from "zod";
import type { Secrets } from "../../components/security/secrets.ts";
import type { StoreKey } from "../../components/workload/login.ts";
import { pem } from "./forms.ts";
import { oneLine, secretRef } from "./secret-ref.ts";

/** What differs from section to section. */
interface Told {
  /** Ends the sentence on an address with more in it than scheme, host and port. */
  readonly elsewhere: string;
  /** A bucket's name, as an example. */
  readonly bucket: string;
  /** What the secret half of the key is. */
  readonly secretKey: string;
}

/** The keys that all such sections have, each to be placed where it reads best. */
export const s3Store = ({ elsewhere, bucket, secretKey }: Told) => ({
  endpoint: z
    .url({ protocol: /^https?$/, error: "use an address such as https://nas.home.arpa:9000" })
    .regex(/^https?:\/\/[^/?#@]+\/?$/, `name scheme, host and port alone; ${elsewhere}`)
    .meta({
      description: "Address of the store: scheme, host, and port where it is not the usual one",
      examples: ["https://nas.home.arpa:9000"],
    }),
  bucket: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      "use a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens",
    )
    .meta({ description: "Bucket; it must exist", examples: [bucket] }),
  region: z.string().min(1).default("us-east-1").describe("Region that requests are signed for"),
  ca: pem.optional().meta({
    description: "Certificates of the store's authority, where it is one of your own, in PEM form",
    examples: ["-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"],
  }),
  accessKey: secretRef("Id of the key", "op://Homelab/NAS/access-key", oneLine),
  secretKey: secretRef(secretKey, "op://Homelab/NAS/secret-key", oneLine),
});

/** The keys of a section that has a folder of its bucket to itself: others may use the bucket too. */
export function folderStore(
  example: string,
  folder: { readonly description: string; readonly example: string },
) {
  const { endpoint, bucket, region, ca, ...key } = s3Store({
    elsewhere: "bucket and folder have keys of their own",
    bucket: example,
    secretKey: "The key itself; it needs to list, read, write and delete in the bucket",
  });
  return {
    ...{ endpoint, bucket },
    folder: z
      .string()
      .regex(/^[\w.-]+(\/[\w.-]+)*$/, "use letters, digits, `_.-`, and slashes between")
      .optional()
      .meta({ description: folder.description, examples: [folder.example] }),
    ...{ region, ca, ...key },
  };
}

/** Where a store is, by its address. */
export function storeHost(endpoint: string): { readonly host: string; readonly port: number } {
  const { hostname: host, port, protocol } = new URL(endpoint);
  return { host, port: Number(port || (protocol === "http:" ? 80 : 443)) };
}

/** The key of a store, by the references of its section. */
export const storeKey = (
  secrets: Secrets,
  { accessKey, secretKey }: { readonly accessKey: string; readonly secretKey: string },
): StoreKey => ({ accessKey: secrets.get(accessKey), secretKey: secrets.get(secretKey) });

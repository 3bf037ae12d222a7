import { z } from "zod";
import {
  certificateName,
  flagTexts,
  ipv4,
  kubeletFlags,
  pem,
  registryName,
} from "../../config/forms.ts";
import { folderStore } from "../../config/s3-store.ts";
import { secretRef } from "../../config/secret-ref.ts";
import type { Versions } from "../versions/schema.ts";

/** How one registry is reached. */
const registry = z.strictObject({
  endpoints: z
    .array(z.url({ protocol: /^https?$/, error: "use an address such as https://mirror.example" }))
    .default([])
    .meta({
      description: "Addresses of mirrors, asked in this order before the registry itself",
      examples: [["https://mirror.example"]],
    }),
  login: z
    .strictObject({
      username: z
        .string()
        .min(1)
        .meta({ description: "Name of the user", examples: ["homelab"] }),
      password: secretRef("Password or token", "op://Homelab/Registry/password"),
    })
    .optional()
    .describe("Who pulls; of a mirror with a login, write it at the mirror's own name"),
  ca: pem.optional().meta({
    description: "Certificates that are trusted for this registry beside the system's, in PEM form",
    examples: ["-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n"],
  }),
});

const { endpoint, bucket, folder, region, ca, ...key } = folderStore("etcd-snapshots", {
  description:
    "Folder in the bucket; default: the stack's name. Sites with one folder would delete each other's snapshots",
  example: "home",
});

/** A store for snapshots, any that speaks S3. */
const s3 = z
  .strictObject({
    endpoint,
    bucket,
    folder,
    region,
    lookup: z
      .enum(["auto", "path", "dns"])
      .default("auto")
      .describe(
        "Whether the bucket stands in the path or in the host name; auto knows the large providers",
      ),
    ca,
    ...key,
    retention: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .meta({
        description:
          "Scheduled snapshots that are kept in the store, of all servers together; default: `retention` times the servers",
        examples: [36],
      }),
  })
  .describe("S3 store to which each snapshot is copied as well");

/** The RKE2 cluster. */
export const cluster = z
  .strictObject({
    vip: ipv4.meta({
      description:
        "Address of the control plane on the LAN; kube-vip moves it between servers. A cluster that runs keeps it",
      examples: ["192.168.1.20"],
    }),
    interface: z
      .string()
      .min(1)
      .max(15)
      .default("eth0")
      .describe(
        "The machines' card on the LAN, which kube-vip puts `vip` on; eth0 whatever the image",
      ),
    profile: z
      .enum(["cis"])
      .optional()
      .meta({ description: "Hardening profile", examples: ["cis"] }),
    tlsSan: z
      .array(certificateName)
      .default([])
      .meta({
        description:
          "Further names and addresses of the API server's certificate; a change restarts one server after the other",
        examples: [["k8s.example.net"]],
      }),
    registries: z
      .record(registryName.meta({ examples: ["docker.io"] }), registry)
      .default({})
      .describe(
        "Registries as images name them, with a port where they have one; a change restarts one node after the other",
      ),
    snapshots: z
      .strictObject({
        schedule: z
          .string()
          .default("0 */6 * * *")
          .describe(
            "Cron schedule of etcd snapshots, in UTC; names of weekdays, @daily and @every 6h too",
          ),
        retention: z
          .int()
          .min(1)
          .max(100)
          .default(12)
          .describe("Snapshots that are kept on each server"),
        s3: s3.optional(),
      })
      .default({ schedule: "0 */6 * * *", retention: 12 })
      .describe("etcd snapshots"),
    metrics: z
      .boolean()
      .optional()
      .meta({
        description:
          "Whether etcd, controller manager and scheduler answer with metrics at their node's address, as Prometheus in the " +
          "cluster needs it; etcd's need no login. Default: where there is `homelab:monitoring`. A change restarts one server " +
          "after the other",
        examples: [true],
      }),
    kubeletArgs: kubeletFlags.default({}).meta({
      description: "Kubelet flags of all nodes; a change restarts one node after the other",
      examples: [{ "max-pods": "200" }],
    }),
  })
  .describe("The RKE2 cluster");

/** The cluster with its versions, and with what `monitoring` needs; flags are texts, whatever YAML takes them for. */
export function deriveCluster(
  { interface: device, kubeletArgs, metrics, ...written }: z.infer<typeof cluster>,
  versions: Versions,
  monitoring: object | undefined,
) {
  return {
    ...written,
    metrics: metrics ?? monitoring !== undefined,
    kubeletArgs: flagTexts(kubeletArgs),
    version: versions.rke2,
    kubeVip: { version: versions.kubeVip, interface: device },
  };
}

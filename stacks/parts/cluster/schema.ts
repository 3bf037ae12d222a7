import { z } from "zod";
import { ipv4 } from "../../config/forms.ts";
import type { Versions } from "../versions/schema.ts";

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
      .describe("Network interface of the machines, which kube-vip puts `vip` on"),
    profile: z
      .enum(["cis"])
      .optional()
      .meta({ description: "Hardening profile", examples: ["cis"] }),
    registries: z
      .record(
        z
          .string()
          .min(1)
          .meta({ examples: ["docker.io"] }),
        z.strictObject({
          endpoints: z
            .array(z.url())
            .min(1)
            .meta({
              description: "Addresses of mirrors, asked in this order",
              examples: [["https://mirror.example"]],
            }),
        }),
      )
      .default({})
      .describe("Mirrors by registry"),
    snapshots: z
      .strictObject({
        schedule: z
          .string()
          .default("0 */6 * * *")
          .describe("Cron schedule of etcd snapshots, in UTC"),
        retention: z
          .int()
          .min(1)
          .max(100)
          .default(12)
          .describe("Snapshots that are kept on each server"),
      })
      .default({ schedule: "0 */6 * * *", retention: 12 })
      .describe("etcd snapshots"),
    kubeletArgs: z
      .record(
        z.string().regex(/^[a-z][a-z0-9-]*$/, "use a kubelet flag without dashes in front"),
        z.union([z.string(), z.number(), z.boolean()]),
      )
      .default({})
      .meta({
        description: "Kubelet flags; a change restarts one node after the other",
        examples: [{ "max-pods": "200" }],
      }),
  })
  .describe("The RKE2 cluster");

/** The cluster with its versions; flags are texts, whatever YAML takes them for. */
export function deriveCluster(
  { interface: device, kubeletArgs, ...written }: z.infer<typeof cluster>,
  versions: Versions,
) {
  return {
    ...written,
    kubeletArgs: Object.fromEntries(
      Object.entries(kubeletArgs).map(([flag, value]) => [flag, String(value)]),
    ),
    version: versions.rke2,
    kubeVip: { version: versions.kubeVip, interface: device },
  };
}

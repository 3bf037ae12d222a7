import { z } from "zod";
import { label } from "../../config/forms.ts";
import type { Versions } from "../versions/schema.ts";

const limits = z
  .strictObject({
    mebibytesPerSecond: z
      .int()
      .min(1)
      .max(1000)
      .default(4)
      .describe("MiB of lines a second that Loki takes, of all machines together"),
    streams: z
      .int()
      .min(1000)
      .max(20_000, "use at most 20000, for which one Loki may take 41 GiB of memory")
      .default(2000)
      .describe(
        "Sets of labels, about two a container, that are written to at once. Loki may take 2 GiB of memory for each 1000",
      ),
    lineKiB: z
      .int()
      .min(1)
      .max(4096)
      .default(256)
      .describe("KiB of a line; what is longer is cut off"),
  })
  .prefault({})
  .describe("How much Loki takes before senders have to wait");

const volume = z
  .strictObject({
    class: label.optional().meta({
      description:
        "Class of `homelab:storage` of the kind `block`; its default class when left out",
      examples: ["ceph-block"],
    }),
    sizeGiB: z.int().min(2).max(1000).default(10).describe("Its size; it may grow"),
  })
  .prefault({})
  .describe("Volume where lines wait until they go to the bucket");

/** Loki and Alloy. */
export const logs = z
  .strictObject({
    retentionDays: z
      .int()
      .min(1, "Loki deletes nothing that is younger than a day; use 1 or more")
      .max(3650, "use at most 3650, ten years")
      .default(14)
      .describe("Days after which lines are deleted"),
    sizeGiB: z
      .int()
      .min(1)
      .max(100_000)
      .default(50)
      .describe(
        "Room for lines: what the bucket may come to. Nothing is deleted earlier where it is not enough, and new lines find no room",
      ),
    class: label.optional().meta({
      description:
        "Class of `homelab:storage` of the kind `bucket` that lines are kept in; the first one when left out",
      examples: ["ceph-bucket"],
    }),
    volume,
    units: z
      .array(
        z
          .string()
          .regex(
            /^[A-Za-z0-9:_.@\\-]+\.(service|socket|timer|mount|path|scope)$/,
            "use a unit as systemctl lists it, such as ssh.service",
          ),
      )
      .default([])
      .meta({
        description: "Units of systemd on the machines whose lines are read besides RKE2's",
        examples: [["ssh.service"]],
      }),
    limits,
  })
  .describe(
    "Logs: Loki, and Alloy on each machine; a site without this section has none. Needs `homelab:storage` with a class of buckets",
  );

type Written = z.infer<typeof logs>;

/** A class of storage, as far as logs look. */
interface Class {
  readonly name: string;
  readonly kind: string;
  readonly default: boolean;
}

/** The section with its versions, and with the classes that it takes where the site has storage. */
export function deriveLogs(
  written: Written,
  { loki, alloy }: Versions,
  storage: { readonly classes: readonly Class[] } | undefined,
) {
  const of = (kind: string) => (storage?.classes ?? []).filter((one) => one.kind === kind);
  const blocks = of("block");
  const usual = blocks.find((one) => one.default) ?? blocks[0];
  return {
    ...written,
    class: written.class ?? of("bucket")[0]?.name,
    volume: { ...written.volume, class: written.volume.class ?? usual?.name },
    charts: { loki, alloy },
  };
}

/** The part's config, everything filled in. */
export type LogsConfig = ReturnType<typeof deriveLogs>;

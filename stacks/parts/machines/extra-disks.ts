import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { label, storageId } from "../../config/forms.ts";

const diskForm = {
  error: ({ code }: { readonly code?: string }) =>
    code === "invalid_type"
      ? "expected { sizeGiB: 100 }, of several disks each with name and slot: { sizeGiB: 100, name: data, slot: 1 }"
      : undefined,
};

/** Disks of a machine besides its root disk. */
export const extraDisks = z
  .array(
    z.strictObject(
      {
        sizeGiB: z
          .int()
          .positive()
          .meta({ description: "Size in GiB; it can grow, never shrink", examples: [100] }),
        name: label
          .max(20)
          .optional()
          .meta({
            description: "Name, which the disk carries as its serial; `data` when left out",
            examples: ["data"],
          }),
        slot: z
          .int()
          .min(1)
          .max(30)
          .optional()
          .meta({
            description:
              "Slot that it keeps: 1 for scsi1; 1 when left out, needed with several disks",
            examples: [1],
          }),
        datastore: storageId.optional().meta({
          description: "Datastore; the machine's `datastores.disks` when left out",
          examples: ["local-lvm"],
        }),
      },
      diskForm,
    ),
  )
  .max(30)
  .default([])
  .describe("Blank disks for storage");

type Written = z.infer<typeof extraDisks>;

/** Each with its name, slot and datastore. Of several, one without a name has been reported. */
export function deriveDisks(written: Written, datastore: string) {
  return written.map((disk, i) => ({
    name: disk.name ?? (i === 0 ? "data" : `data-${i + 1}`),
    slot: disk.slot ?? i + 1,
    sizeGiB: disk.sizeGiB,
    datastore: disk.datastore ?? datastore,
  }));
}

/** Several disks that are told apart by their places in the list: as soon as one goes, the others would be others. */
export function reportPositions(path: string, disks: Written, derivation: Derivation): void {
  if (disks.length < 2) return;
  for (const [i, { name, slot }] of disks.entries()) {
    const missing = [name === undefined ? "name" : "", slot === undefined ? "slot" : ""];
    const needs = missing.filter(Boolean).join(" and a ");
    if (needs !== "")
      derivation.report(
        `${path}[${i}]`,
        `needs a ${needs}: of several disks each has its own, so that content stays where it is when another disk comes ` +
          `or goes. A machine that has them already has the first in slot 1, the second in slot 2`,
      );
  }
}

import { z } from "zod";
import { label } from "../../config/forms.ts";

const library = z
  .strictObject({
    sizeGiB: z
      .int()
      .min(1)
      .meta({ description: "Its size; it may grow, and never shrinks", examples: [2000] }),
    class: label.optional().meta({
      description:
        "Class of storage, of the kind `file`; the site's only one of that kind when left out. A library stays in its class",
      examples: ["ceph-filesystem"],
    }),
  })
  .describe("A volume that several applications share");

/** Volumes that several applications share, and with them a namespace. */
export const libraries = z
  .record(label.max(40).meta({ examples: ["media"] }), library)
  .default({})
  .describe(
    "Volumes that several applications share, by name. Each is a namespace of its own, in which these run: a claim is of one namespace, and hard links are of one volume",
  );

/** The section as it was read. */
export type Libraries = z.infer<typeof libraries>;

import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { deriveOperator, operator } from "../items/schema.ts";
import type { Versions } from "../versions/schema.ts";

/** 1Password Connect, which `op://` references are read through. */
export const onePassword = z
  .strictObject({
    connect: z
      .url({
        protocol: /^https?$/,
        error: "use the server's address such as https://connect.home.arpa",
      })
      .meta({
        description:
          "Address of the 1Password Connect server; its token comes from OP_CONNECT_TOKEN",
        examples: ["https://connect.home.arpa"],
      }),
    operator: operator.optional(),
  })
  .describe("1Password: Connect for `op://` references, and the cluster's own");

/** 1Password with the version of what runs in the cluster. */
export function deriveOnePassword(
  { operator: written, ...rest }: z.infer<typeof onePassword>,
  versions: Versions,
  derivation: Derivation,
) {
  return { ...rest, operator: written && deriveOperator(written, versions, derivation) };
}

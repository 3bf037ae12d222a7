import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import { deriveOperator, operator } from "../items/schema.ts";
import type { Versions } from "../versions/schema.ts";

/** 1Password: how `op://` references are read, and what runs in the cluster. */
export const onePassword = z
  .strictObject({
    connect: z
      .url({
        protocol: /^https?$/,
        error: "use the server's address such as https://connect.home.arpa",
      })
      .meta({
        description:
          "Address of the 1Password Connect server that the program reads through; its token comes from OP_CONNECT_TOKEN",
        examples: ["https://connect.home.arpa"],
      })
      .optional(),
    serviceAccount: z
      .boolean()
      .default(false)
      .describe(
        "Whether the program reads by a service account at 1Password itself, in place of `connect`; its token comes from OP_SERVICE_ACCOUNT_TOKEN",
      ),
    operator: operator.optional(),
  })
  .describe("1Password: how `op://` references are read, and the cluster's own Connect");

/** 1Password with the version of what runs in the cluster. */
export function deriveOnePassword(
  { operator: written, ...rest }: z.infer<typeof onePassword>,
  versions: Versions,
  derivation: Derivation,
) {
  return { ...rest, operator: written && deriveOperator(written, versions, derivation) };
}

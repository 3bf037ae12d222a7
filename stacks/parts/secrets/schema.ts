import { z } from "zod";
import { parseSecretRef, secretRefPattern } from "../../../components/security/secret-ref.ts";

/** A secret by reference; its value never stands in a site file. */
export const secretRef = z
  .string()
  // The text may be the secret itself: no message repeats it.
  .refine((text) => parseSecretRef(text) !== undefined, {
    error:
      "use a reference: op://vault/item/field (1Password), or config:NAME after `pulumi config set --secret secrets:NAME`; " +
      "a secret itself never stands in a site file",
  })
  .meta({ pattern: secretRefPattern });

/** 1Password Connect, which `op://` references are read through. */
export const onePassword = z
  .strictObject({
    connect: z
      .url({
        protocol: /^https?$/,
        error: "use the server's address such as https://connect.home.arpa",
      })
      .describe("Address of the 1Password Connect server; its token comes from OP_CONNECT_TOKEN"),
  })
  .describe("1Password Connect, for `op://` references");

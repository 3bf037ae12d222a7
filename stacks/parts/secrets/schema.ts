import { z } from "zod";

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
  })
  .describe("1Password Connect, for `op://` references");

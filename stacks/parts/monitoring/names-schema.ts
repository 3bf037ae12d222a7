/** What the site file says of watching its names. */
import { z } from "zod";
import { domain, ipv4, label } from "../../config/forms.ts";

/** Whether names are asked, and how. */
export const names = z
  .strictObject({
    serviceToken: label.optional().meta({
      description:
        "Service token of `edge.access` by which names with Access are asked; without one it is only seen that strangers are sent away",
      examples: ["monitoring"],
    }),
    resolvers: z
      .array(ipv4)
      .min(1)
      .default(["1.1.1.1", "9.9.9.9"])
      .describe("Resolvers of the internet that tell where public names are"),
    paths: z
      .record(
        domain.meta({ examples: ["api.example.net"] }),
        z
          .string()
          .regex(/^\/[^\s?#]*$/, "begin with a slash, as /healthz")
          .meta({ examples: ["/healthz"] }),
      )
      .default({})
      .describe("What is asked for of names that answer 404 at their root, by name"),
    except: z
      .array(domain)
      .default([])
      .meta({ description: "Names that are not asked", examples: [["old.example.net"]] }),
  })
  .describe(
    "Asks every name by which the site is reached, each minute, from inside and by way of the internet",
  );

/** The section, read. */
export type NamesWatch = z.infer<typeof names>;

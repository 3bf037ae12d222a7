import { z } from "zod";
import { domain, label } from "../config/forms.ts";

/** Whom a name is for: the LAN, devices of the tailnet, or the internet. */
export const audiences = ["lan", "tailnet", "public"] as const;

/** Whom a name is for. */
export type Audience = (typeof audiences)[number];

/** Who passes at a public name. */
export const door = {
  access: z
    .array(label)
    .default([])
    .describe("Names of `edge.access` policies; an identity that one of them allows passes"),
  withoutAccess: z
    .string()
    .min(10, "say in a sentence why everybody on the internet may reach it")
    .optional()
    .meta({
      description: "Says aloud that no Access stands in front, and why",
      examples: ["public game for everybody, keeps no accounts and no data"],
    }),
};

/** Names by which an application is reached from outside of the cluster, each with those whom it is for. */
export const expose = z
  .array(
    z.strictObject({
      host: domain.meta({
        description:
          "The whole name: of `lan` one label below `site.domain` or `edge.zone`, of `tailnet` below `site.domain`, of `public` inside `edge.zone`",
        examples: ["app.home.arpa"],
      }),
      to: z.enum(audiences).meta({
        description:
          "Whom it is for: the LAN (and the tailnet by its router), devices of the tailnet alone, or the internet",
        examples: ["lan"],
      }),
      ...door,
    }),
  )
  .default([])
  .describe("Names by which it is reached from outside of the cluster; none without");

import { z } from "zod";
import { cidr4, label } from "../../config/forms.ts";

const rateLimit = z.strictObject({
  requests: z
    .int()
    .min(1)
    .meta({ description: "Requests in each unit of time", examples: [100] }),
  per: z
    .enum(["second", "minute", "hour"])
    .meta({ description: "The unit of time", examples: ["minute"] }),
  scope: z
    .enum(["local", "global"])
    .default("local")
    .describe(
      "`local`: each proxy counts for itself; `global`: together, in `homelab:gateway.redis`",
    ),
  perClient: z
    .boolean()
    .default(false)
    .describe("Whether each client address counts for itself; a line with IPv6 has very many"),
});

/** A route to a Service. */
export const route = z.strictObject({
  kind: z.enum(["http", "tls", "tcp", "udp"]).default("http").describe("What it hands on"),
  gateway: z
    .enum(["lan", "internal", "public"])
    .default("lan")
    .describe("Whom it is for: the LAN, the tailnet, or the internet behind `homelab:edge`"),
  listener: label.optional().meta({
    description: "The gateway's listener; of `http` those with HTTPS for its names when left out",
    examples: ["mqtt"],
  }),
  hostnames: z
    .array(
      z
        .string()
        .regex(
          /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/,
          "use a lower-case DNS name such as photos.home.arpa",
        ),
    )
    .default([])
    .meta({ description: "Names of `http` and `tls`", examples: [["photos.home.arpa"]] }),
  path: z
    .string()
    .regex(/^\/[^?#\s]*$/, "begin with a slash, as /api")
    .optional()
    .meta({ description: "Beginning of paths of `http`; all when left out", examples: ["/api"] }),
  namespace: label.meta({ description: "Namespace of the Service", examples: ["photos"] }),
  service: label.meta({ description: "Name of the Service", examples: ["photos"] }),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .meta({ description: "Port of the Service", examples: [80] }),
  timeout: z
    .string()
    .regex(/^\d{1,5}(ms|s|m|h)$/, "use a time such as 30s")
    .optional()
    .meta({
      description:
        "How long the answer to a request of `http` may take; without end when left out, as downloads and streams are",
      examples: ["30s"],
    }),
  body: z
    .string()
    .regex(/^[1-9]\d{0,4}(Ki|Mi|Gi)$/, "use a size such as 10Mi")
    .optional()
    .meta({
      description:
        "Largest body of a request of `http`, which is kept in memory, and then no websocket passes; any when left out",
      examples: ["10Mi"],
    }),
  rateLimit: rateLimit.optional().describe("How many requests of `http` are let through"),
  allow: z
    .array(cidr4)
    .min(1)
    .optional()
    .meta({
      description: "Networks of the clients that may use `http`; all when left out",
      examples: [["192.168.1.0/24"]],
    }),
  access: z
    .array(label)
    .default([])
    .describe("Of `public`: names of `edge.access` policies, as applications have them"),
  withoutAccess: z
    .string()
    .min(10, "say in a sentence why everybody on the internet may reach it")
    .optional()
    .meta({
      description: "Of `public`: says aloud that no Access stands in front, and why",
      examples: ["shared albums, each behind a link of its own"],
    }),
});

export type RouteConfig = z.infer<typeof route>;

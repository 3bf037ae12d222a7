import { z } from "zod";
import { nameProblem } from "../../../components/policies/names.ts";
import { cidr4, label, labelKey, labelValue } from "../../config/forms.ts";
import { switched } from "../../config/switched.ts";

const port = z.int("use a port from 1 to 65535").min(1).max(65_535);

const protocol = z.enum(["TCP", "UDP"]).default("TCP").describe("Protocol of the ports");

const exposed = z
  .array(
    z.strictObject({
      namespace: label.meta({
        description: "Namespace that the site makes, such as an application's",
        examples: ["typeo"],
      }),
      labels: z
        .record(labelKey, labelValue)
        .optional()
        .meta({
          description: "Labels of the pods; all pods of the namespace without",
          examples: [{ "app.kubernetes.io/name": "typeo" }],
        }),
      ports: z
        .array(port)
        .min(1)
        .meta({ description: "Ports of the pods", examples: [[8080]] }),
      protocol,
    }),
  )
  .default([])
  .describe(
    "Pods that an Ingress, a Service or a ProxyGroup of the tailnet's operator leads to; those of namespaces that the site does not make need no entry",
  );

/** Who may talk to whom inside of the cluster, and from it outwards. */
export const networkPolicy = switched(
  "Network policies: nothing reaches the site's pods, and they reach nothing, but what the parts and applications need",
  {
    tailnet: z
      .boolean()
      .default(true)
      .describe(
        "Whether devices of the tailnet reach the site's pods through its Connector, as far as the tailnet's policy lets them",
      ),
    exposed,
  },
);

const name = z
  .string()
  .superRefine((text, context) => {
    const message = nameProblem(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  })
  .meta({ examples: ["api.example.com"] });

/** What an application may reach, besides the names of the cluster. One kind of peer each. */
export const egress = z
  .array(
    z.strictObject({
      names: z
        .array(name)
        .min(1)
        .optional()
        .meta({
          description:
            "Names outside of the cluster; `**.example.com` stands for all names below it, at any depth",
          examples: [["api.example.com"]],
        }),
      networks: z
        .array(
          z.strictObject({
            cidr: cidr4.meta({
              description: "Network outside of the cluster",
              examples: ["192.168.1.0/24"],
            }),
            except: z
              .array(cidr4)
              .default([])
              .meta({
                description: "Networks inside of it that are left out",
                examples: [["192.168.1.0/28"]],
              }),
          }),
        )
        .min(1)
        .optional()
        .describe(
          "Networks outside of the cluster, by address: names of hosts there stand in `names`",
        ),
      internet: z
        .literal(true)
        .optional()
        .meta({
          description: "The whole internet and lookups of every name, and nothing of the site",
          examples: [true],
        }),
      app: label.optional().meta({
        description: "Another application of the site, at its own port",
        examples: ["typeo"],
      }),
      gateway: z
        .literal(true)
        .optional()
        .meta({
          description: "The gateway of the LAN, by the site's names that lead there",
          examples: [true],
        }),
      tailnet: label.optional().meta({
        description:
          "Name of a Service or ProxyGroup of the tailnet's operator, whose egress proxies it reaches",
        examples: ["nas"],
      }),
      ports: z
        .array(port)
        .min(1)
        .optional()
        .meta({
          description: "Ports; an application, the gateway and a proxy have their own",
          examples: [[443]],
        }),
      protocol,
      http: z
        .array(
          z.strictObject({
            method: z
              .string()
              .regex(/^[A-Z|]+$/, "use a method such as GET, or several as GET|HEAD")
              .optional()
              .meta({ description: "Methods", examples: ["GET"] }),
            path: z
              .string()
              .regex(/^\//, "begin with /")
              .optional()
              .meta({
                description: "Path, as a regular expression over all of it",
                examples: ["/api/.*"],
              }),
          }),
        )
        .min(1)
        .optional()
        .describe("Requests that are let through, of plain HTTP; all others get 403"),
    }),
  )
  .default([])
  .describe("What it may reach outside of its own namespace; nothing without");

/** What applications may reach, as it was read. */
export type Egress = z.infer<typeof egress>;

/** What the tailnet's proxies lead to, as it was read. */
export type Exposed = z.infer<typeof exposed>;

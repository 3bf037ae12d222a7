import { z } from "zod";
import type { Severity } from "../../../components/monitoring/alerts.ts";
import { hostForm, label } from "../../config/forms.ts";
import { oneLine, secretRef, type SecretForm } from "../../config/secret-ref.ts";
import type { Versions } from "../versions/schema.ts";
import { names } from "./names-schema.ts";
import { otherSites } from "./other-sites-schema.ts";

/** An address that is as good as a password. */
const httpsUrl: SecretForm = {
  pattern: /^https:\/\/[\x21-\x7e]+$/,
  text: "is read, but is no address that begins with https://; keep the whole address",
};

/** Somebody outside who is told by a request to an address. */
const told = (about: string, host: string, example: string) =>
  z.strictObject({
    host: z
      .string()
      .max(253)
      .regex(hostForm, "use the lower-case DNS name in the address, such as hc-ping.com")
      .meta({
        description: "Name of the host in the address, which alone Alertmanager may reach",
        examples: [host],
      }),
    url: secretRef(about, example, httpsUrl),
  });

const severity = z.enum(["critical", "warning"]) satisfies z.ZodType<Severity>;

const receiver = z.strictObject({
  severities: z
    .array(severity)
    .min(1)
    .default(["critical", "warning"])
    .describe("What it is told of: `critical`, `warning`"),
  pushover: z
    .strictObject({
      userKey: secretRef("Key of the user or group", "op://Homelab/Pushover/user-key", oneLine),
      token: secretRef("Token of the application", "op://Homelab/Pushover/token", oneLine),
    })
    .optional()
    .describe("By Pushover"),
  discord: secretRef(
    "By Discord: the webhook of a channel, its whole address",
    "op://Homelab/Discord/webhook",
    {
      pattern: /^https:\/\/discord(app)?\.com\/api\/webhooks\/[\x21-\x7e]+$/,
      text: "is read, but is no webhook of Discord; copy it in the channel's settings, under Integrations",
    },
  ).optional(),
  webhook: told(
    "Address that takes Alertmanager's own JSON, at port 443",
    "ntfy.example.net",
    "op://Homelab/Alerts/webhook",
  )
    .optional()
    .describe("By a request to an address of your own"),
});

const scrape = z.strictObject({
  targets: z
    .array(
      z
        .string()
        .regex(
          /^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d):[1-9]\d{0,4}$/,
          "use an IPv4 address with a port, such as 192.168.1.11:9100",
        ),
    )
    .min(1)
    .meta({
      description: "Addresses outside of the cluster, with the port that answers by plain http",
      examples: [["192.168.1.11:9100", "192.168.1.12:9100"]],
    }),
  path: z
    .string()
    .regex(/^\/[^\s?#]*$/, "begin with a slash, as /metrics")
    .default("/metrics")
    .describe("Path of the metrics"),
  params: z
    .record(z.string().min(1), z.array(z.string()).min(1))
    .optional()
    .meta({
      description: "Parameters after the path, each with its values",
      examples: [{ ups: ["rack"] }],
    }),
});

/** Prometheus, Alertmanager and Grafana. */
export const monitoring = z
  .strictObject({
    grafanaPassword: secretRef(
      "Password of Grafana's user `admin`",
      "op://Homelab/Grafana/password",
      oneLine,
    ),
    retentionDays: z
      .int()
      .min(1)
      .max(3650)
      .default(15)
      .describe("Days after which metrics are deleted"),
    sizeGiB: z
      .int()
      .min(4)
      .max(10_000)
      .default(20)
      .describe("Room for metrics; the oldest are deleted earlier where it is not enough"),
    class: label.optional().meta({
      description:
        "Class of `homelab:storage` for metrics and silences, one of `block`; its default class when left out. Without storage both lie on a machine's disk, and go with their pod",
      examples: ["ceph-block"],
    }),
    heartbeat: told(
      "Address that is told every five minutes that alerts still work, and raises the alarm when it is not",
      "hc-ping.com",
      "op://Homelab/Heartbeat/url",
    )
      .optional()
      .describe("A watch outside of the site, such as a check of healthchecks.io"),
    runbooks: z
      .url({
        protocol: /^https?$/,
        error:
          "use the address of the folder, such as https://git.example.net/me/homelab/src/main/docs/runbooks",
      })
      .regex(/[^/]$/, "leave the slash at its end out")
      .optional()
      .meta({
        description:
          "Address of this repository's folder `docs/runbooks`, which alerts link to; without it they name the page's path",
        examples: ["https://github.com/me/homelab/blob/main/docs/runbooks"],
      }),
    receivers: z
      .record(label.meta({ examples: ["phone"] }), receiver)
      .default({})
      .describe("Who is told of alerts, by name; each in one way"),
    scrapes: z
      .record(label.meta({ examples: ["proxmox"] }), scrape)
      .default({})
      .describe(
        "What Prometheus asks outside of the cluster, by the name of its job: exporters on the Proxmox hosts, on a NAS, for a UPS",
      ),
    names: names.optional(),
    ...otherSites,
  })
  .describe(
    "Monitoring: Prometheus, Alertmanager and Grafana; a site without this section has none",
  );

type Written = z.infer<typeof monitoring>;

/** A class of storage, as far as monitoring looks. */
interface Class {
  readonly name: string;
  readonly kind: string;
  readonly default: boolean;
}

/** The section with its versions, and with the class that it takes where the site has storage. */
export function deriveMonitoring(
  written: Written,
  { kubePrometheusStack, prometheusOperatorCrds, blackboxExporter }: Versions,
  storage: { readonly classes: readonly Class[] } | undefined,
) {
  const blocks = (storage?.classes ?? []).filter(({ kind }) => kind === "block");
  const usual = blocks.find((one) => one.default) ?? blocks[0];
  return {
    ...written,
    class: written.class ?? usual?.name,
    names: written.names && { ...written.names, version: blackboxExporter },
    charts: { stack: kubePrometheusStack, kinds: prometheusOperatorCrds },
  };
}

/** The part's config, everything filled in. */
export type MonitoringConfig = ReturnType<typeof deriveMonitoring>;

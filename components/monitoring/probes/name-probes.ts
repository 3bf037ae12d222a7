import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import {
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { trustBundle } from "../../certificates/cert-manager-values.ts";
import { digest } from "../../digest.ts";
import { deploymentSpec, type PodsPlan } from "../../workload/pods.ts";
import { appLabels, appSelector } from "../../workload/restricted.ts";
import { monitoringNamespace } from "../names.ts";
import { folders, proberConfig, tokenFiles } from "./config.ts";
import { probeObject, proberPort, probers, type NameProbe, type Side } from "./plan.ts";

/** A token of Access; secret. */
export interface AccessToken {
  readonly clientId: Output<string>;
  readonly clientSecret: Output<string>;
}

export interface NameProbesArgs {
  /** Release of blackbox_exporter, for example `v0.28.0`. */
  readonly version: string;
  readonly probes: readonly NameProbe[];
  readonly clusterDomain: string;
  /** Whether the site has an authority of its own. */
  readonly ownAuthority: boolean;
  /** Zero Trust's team, where names have Access in front. */
  readonly team?: string | undefined;
  /** By which programs pass Access. */
  readonly token?: AccessToken | undefined;
  /** Resolvers of the internet that the prober outside asks. */
  readonly resolvers: readonly string[];
}

/**
 * Asks every name by which the site is reached, from inside and by way of the internet, for Prometheus. Two programs, so that
 * neither can do what it need not: one reaches the gateways alone, the other the internet alone, and that one has the token.
 * The namespace of monitoring and its kinds are there before (`opts.dependsOn`); the cluster's provider is that of
 * `opts.providers`.
 */
export class NameProbes extends ComponentResource {
  constructor(name: string, args: NameProbesArgs, opts?: ComponentResourceOptions) {
    super("homelab:monitoring:NameProbes", name, {}, opts);
    const token = this.token(name, args);
    for (const side of ["inside", "outside"] as const) {
      if (args.probes.some((probe) => probe.side === side))
        this.prober(`${name}-${side}`, side, args, side === "outside" ? token : undefined);
    }
    for (const probe of args.probes)
      new CustomResource(`probe-${probe.name}`, probeObject(probe, args.clusterDomain), {
        parent: this,
      });
    this.registerOutputs({});
  }

  /** The Secret with the token, where a program's way is asked. */
  private token(name: string, { token, probes }: NameProbesArgs): Resource | undefined {
    if (token === undefined || !probes.some(({ as }) => as === "program")) return undefined;
    const { clientId, clientSecret } = token;
    return new Secret(
      `${name}-token`,
      {
        metadata: metadata("outside"),
        stringData: secret({ [tokenFiles.id]: clientId, [tokenFiles.secret]: clientSecret }),
      },
      { parent: this },
    );
  }

  private prober(
    name: string,
    side: Side,
    args: NameProbesArgs,
    token: Resource | undefined,
  ): void {
    const content = JSON.stringify(proberConfig(side, args.team), undefined, 2);
    const files = new ConfigMap(
      `${name}-config`,
      { metadata: metadata(side), data: { "config.yml": content } },
      { parent: this },
    );
    new Service(
      `${name}-service`,
      {
        metadata: metadata(side),
        spec: {
          selector: appSelector(probers[side]).matchLabels,
          ports: [{ name: "http", port: proberPort, targetPort: "http" }],
        },
      },
      { parent: this },
    );
    const spec = deploymentSpec({
      app: probers[side],
      replicas: 1,
      ...proberPods(side, args, token !== undefined),
      annotations: { [configMark]: digest(content) },
    });
    new Deployment(
      `${name}-deployment`,
      { metadata: metadata(side), spec },
      {
        parent: this,
        dependsOn: [files, ...(token === undefined ? [] : [token])],
      },
    );
  }
}

/** Annotation of the pods that changes with their configuration, which they read when they start. */
const configMark = "homelab/config";

/** Container and pod of a prober, with the files of its side. */
function proberPods(
  side: Side,
  { version, ownAuthority, resolvers }: NameProbesArgs,
  passes: boolean,
): Pick<PodsPlan, "container" | "pod"> {
  const app = probers[side];
  const volumes = [
    { name: "config", folder: folders.config, source: { configMap: { name: app } } },
    ...(side === "inside" && ownAuthority
      ? [
          {
            name: "trust",
            folder: folders.trust,
            source: { configMap: { name: trustBundle.configMap } },
          },
        ]
      : []),
    ...(passes
      ? [{ name: "access", folder: folders.access, source: { secret: { secretName: app } } }]
      : []),
  ];
  return {
    container: {
      image: `quay.io/prometheus/blackbox-exporter:${version}`,
      args: [`--config.file=${folders.config}/config.yml`, "--history.limit=10"],
      ports: [{ name: "http", containerPort: proberPort }],
      readinessProbe: { httpGet: { path: "/-/healthy", port: "http" }, periodSeconds: 10 },
      livenessProbe: { httpGet: { path: "/-/healthy", port: "http" }, periodSeconds: 30 },
      resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "96Mi" } },
      volumeMounts: volumes.map(({ name, folder }) => ({
        name,
        mountPath: folder,
        readOnly: true,
      })),
    },
    pod: {
      volumes: volumes.map(({ name, source }) => ({ name, ...source })),
      // The site's own resolvers may lead a public name to the gateway at home.
      ...(side === "outside"
        ? { dnsPolicy: "None", dnsConfig: { nameservers: [...resolvers] } }
        : {}),
    },
  };
}

function metadata(side: Side) {
  const app = probers[side];
  return { name: app, namespace: monitoringNamespace.name, labels: appLabels(app) };
}

import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { digest } from "../digest.ts";
import { askScript } from "../dns/ask.ts";
import { dnsPorts } from "../dns/redirect.ts";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { makeNamespace, type NamespacePlan } from "../workload/namespace.ts";
import { deploymentSpec, type PodsPlan } from "../workload/pods.ts";
import { appLabels, appSelector } from "../workload/restricted.ts";
import { loadBalancer } from "../workload/load-balancer.ts";
import {
  resolverCorefile,
  resolverFolder,
  resolverPorts,
  zoneFileName,
} from "./resolver-corefile.ts";
import { serverLabel, type ZoneFile } from "./zones.ts";

const readyScript = rke2Script + askScript + scriptText(import.meta.url, "resolver-ready.sh");

/** Namespace of the resolver. */
export const namesNamespace = { name: "names" } as const satisfies NamespacePlan;

export interface NameResolverArgs {
  /** Release of CoreDNS, for example `1.14.7`. */
  readonly version: string;
  /** Pods; two of them survive the loss of a node. */
  readonly replicas: number;
  /** Load-balancer address that it answers at. */
  readonly address: string;
  /** The zones that it answers for; the first is the site's domain. */
  readonly zones: readonly [ZoneFile, ...ZoneFile[]];
  /** Servers that it asks for other names; it refuses them without. */
  readonly forward: readonly string[];
  /** The machine that asks it for the proof. */
  readonly machine: ReachedMachine;
}

const app = "resolver";

/** Annotation of the pods that changes with what they serve, and so rolls them out. */
const contentMark = "homelab/zones";

/**
 * The site's own DNS server for the LAN: it answers for the site's names at an address of the load balancers' pool. Ready
 * once it has answered there. The cluster's provider is that of `opts.providers`, and `opts.dependsOn` says after what pods
 * run.
 */
export class NameResolver extends ComponentResource {
  constructor(name: string, args: NameResolverArgs, opts?: ComponentResourceOptions) {
    super("homelab:names:Resolver", name, {}, opts);
    const namespace = makeNamespace(`${name}-namespace`, namesNamespace, { parent: this });
    const content = resolverContent(args);
    const config = this.config(name, content, namespace);
    const pods = this.pods(name, args, content, config);
    const service = this.service(name, args, namespace);
    this.budget(name, namespace);
    this.proof(name, args, content, [pods, service]);
    this.registerOutputs({});
  }

  private config(name: string, data: Record<string, string>, namespace: Resource): Resource {
    return new ConfigMap(
      `${name}-zones`,
      { metadata: metadata(), data },
      { parent: this, dependsOn: [namespace] },
    );
  }

  private pods(
    name: string,
    { version, replicas }: NameResolverArgs,
    content: Record<string, string>,
    config: Resource,
  ): Resource {
    const spec = deploymentSpec({
      app,
      replicas,
      ...resolverPods(version),
      annotations: { [contentMark]: digest(JSON.stringify(content)) },
    });
    return new Deployment(
      `${name}-deployment`,
      { metadata: metadata(), spec },
      { parent: this, dependsOn: [config] },
    );
  }

  private service(name: string, { address }: NameResolverArgs, namespace: Resource): Resource {
    return new Service(
      `${name}-service`,
      {
        metadata: { ...metadata(), annotations: { "lbipam.cilium.io/ips": address } },
        spec: {
          ...loadBalancer,
          selector: appSelector(app).matchLabels,
          ports: dnsPorts.map((port) => ({ ...port, targetPort: port.name })),
        },
      },
      { parent: this, dependsOn: [namespace] },
    );
  }

  private budget(name: string, namespace: Resource): void {
    new PodDisruptionBudget(
      `${name}-budget`,
      { metadata: metadata(), spec: { maxUnavailable: 1, selector: appSelector(app) } },
      { parent: this, dependsOn: [namespace] },
    );
  }

  private proof(
    name: string,
    { machine, address, zones }: NameResolverArgs,
    content: Record<string, string>,
    after: readonly Resource[],
  ): void {
    new RemoteStep(
      `${name}-answers`,
      {
        machine,
        title: "resolver",
        script: readyScript,
        parameters: {
          RESOLVER: address,
          NAME: `${serverLabel}.${zones[0].zone}`,
          // Not read: another content has to be proven again.
          CONTENT: digest(JSON.stringify(content)),
        },
        limitSeconds: 300,
        after,
      },
      { parent: this },
    );
  }
}

/** The files that the pods serve from. */
export function resolverContent({
  zones,
  forward,
}: Pick<NameResolverArgs, "zones" | "forward">): Record<string, string> {
  return {
    Corefile: resolverCorefile(zones, forward),
    ...Object.fromEntries(zones.map(({ zone, text }) => [zoneFileName(zone), text])),
  };
}

/**
 * Container and pod of the resolver. The image's program carries the file capability for ports below 1024, and a kernel
 * refuses to start it where that is taken away, whatever port it uses; without new privileges it still may not use them.
 * @see https://github.com/coredns/coredns/blob/v1.14.7/Dockerfile
 */
export function resolverPods(
  version: string,
): Pick<PodsPlan, "container" | "capabilities" | "pod"> {
  return {
    capabilities: ["NET_BIND_SERVICE"],
    container: {
      image: `docker.io/coredns/coredns:${version}`,
      args: ["-conf", `${resolverFolder}/Corefile`],
      ports: [
        ...dnsPorts.map(({ name, protocol }) => ({
          name,
          containerPort: resolverPorts.dns,
          protocol,
        })),
        { name: "metrics", containerPort: resolverPorts.metrics },
        { name: "health", containerPort: resolverPorts.health },
        { name: "ready", containerPort: resolverPorts.ready },
      ],
      readinessProbe: { httpGet: { path: "/ready", port: "ready" }, periodSeconds: 5 },
      livenessProbe: {
        httpGet: { path: "/health", port: "health" },
        initialDelaySeconds: 10,
        periodSeconds: 10,
        failureThreshold: 6,
      },
      resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
      volumeMounts: [{ name: "zones", mountPath: resolverFolder, readOnly: true }],
    },
    // Names that it forwards are asked of servers in its Corefile alone.
    pod: { dnsPolicy: "Default", volumes: [{ name: "zones", configMap: { name: app } }] },
  };
}

function metadata() {
  return { name: app, namespace: namesNamespace.name, labels: appLabels(app) };
}

import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import {
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { waitForCertificates } from "../certificates/ready.ts";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { drawnKey, secretMark } from "../workload/fingerprint.ts";
import type { StoreLogin } from "../workload/login.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { deploymentSpec, type PodsPlan } from "../workload/pods.ts";
import { appSelector } from "../workload/restricted.ts";
import { reader, server, teslaNamespace } from "./names.ts";
import {
  certificates,
  filesSecret,
  metadata,
  readerPods,
  serverAnnotations,
  serverPods,
  vehiclesService,
} from "./objects.ts";
import type { KafkaLogin, TelemetryPlan } from "./plan.ts";
import { readerFiles } from "./reader-config.ts";
import { serverFiles } from "./server-config.ts";

const takesVehicles = rke2Script + scriptText(import.meta.url, "takes-vehicles.sh");

export interface TeslaTelemetryArgs {
  readonly plan: TelemetryPlan;
  /** Users of Kafka: its topics are there once they may log in. */
  readonly logins: { readonly writes: StoreLogin; readonly reads: StoreLogin };
  /** Issuers of certificates. */
  readonly issuers: Resource;
  /** Where the cluster is asked. */
  readonly machine: ReachedMachine;
}

/**
 * The server that Tesla vehicles stream to, and what counts their signals for Prometheus. TLS ends in the server, which asks for
 * each vehicle's certificate. Not the chart of teslamotors/helm-charts: 0.1.1 takes the image `latest`, keeps the config with its
 * password in a ConfigMap, reads metrics where the server tells none, and starts no new pods for a new certificate. Ready means
 * proven: the address speaks TLS and asks for a certificate. The cluster's provider is that of `opts.providers`.
 */
export class TeslaTelemetry extends ComponentResource {
  readonly namespace: Resource;

  constructor(name: string, args: TeslaTelemetryArgs, opts?: ComponentResourceOptions) {
    super("homelab:tesla:Telemetry", name, {}, opts);
    const { plan, logins } = args;
    this.namespace = makeNamespace(`${name}-namespace`, teslaNamespace, { parent: this });
    const certified = this.certificates(name, args);
    const key = drawnKey(`${name}-fingerprint`, this);
    const pods = this.workload(server, key, serverPods(plan.replicas), {
      files: logins.writes.values.apply((login) =>
        serverFiles(plan, login as unknown as KafkaLogin),
      ),
      annotations: serverAnnotations,
      after: [certified, logins.writes.ready],
    });
    this.workload(reader, key, readerPods(), {
      files: logins.reads.values.apply((login) =>
        readerFiles(plan, login as unknown as KafkaLogin),
      ),
      after: [logins.reads.ready],
    });
    const service = new Service(`${name}-service`, vehiclesService(plan), {
      parent: this,
      dependsOn: [this.namespace],
    });
    this.proof(name, args, [pods, service]);
    this.registerOutputs({});
  }

  /** The server's and the proxy's; the first is asked of Let's Encrypt. */
  private certificates(name: string, { plan, issuers, machine }: TeslaTelemetryArgs): Resource {
    const objects = certificates(plan);
    const made = objects.map(
      (object) =>
        new CustomResource(`${object.metadata.name}-certificate`, object, {
          parent: this,
          dependsOn: [this.namespace, issuers],
        }),
    );
    const awaited = objects.map(({ metadata: { namespace, name: object }, spec }) => ({
      ...{ namespace, name: object, issuer: spec.issuerRef.name, spec },
    }));
    return waitForCertificates(name, { certificates: awaited, machine, after: made }, this);
  }

  /** Secret with a workload's files, budget and Deployment; other files make other pods. */
  private workload(
    app: string,
    key: Output<string>,
    pods: PodsPlan,
    {
      files,
      annotations = {},
      after,
    }: {
      readonly files: Output<Readonly<Record<string, string>>>;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly after: readonly Resource[];
    },
  ): Resource {
    const inside = { parent: this, dependsOn: [this.namespace] };
    const stringData = secret(files.apply((plain) => ({ ...plain })));
    const held = new Secret(
      `${app}-files`,
      { metadata: metadata(filesSecret(app)), stringData },
      inside,
    );
    new PodDisruptionBudget(
      `${app}-budget`,
      { metadata: metadata(app), spec: { maxUnavailable: 1, selector: appSelector(app) } },
      inside,
    );
    return new Deployment(
      `${app}-deployment`,
      {
        metadata: { ...metadata(app), annotations: { ...annotations } },
        spec: deploymentSpec({ ...pods, fingerprint: secretMark(key, stringData) }),
      },
      { parent: this, dependsOn: [this.namespace, held, ...after] },
    );
  }

  private proof(
    name: string,
    { plan: { hostname, address, port }, machine }: TeslaTelemetryArgs,
    after: readonly Resource[],
  ): void {
    new RemoteStep(
      `${name}-takes-vehicles`,
      {
        machine,
        title: "takes-vehicles",
        script: takesVehicles,
        parameters: { HOSTNAME_ASKED: hostname, ADDRESS: address, PORT: String(port) },
        limitSeconds: 600,
        after,
      },
      { parent: this },
    );
  }
}

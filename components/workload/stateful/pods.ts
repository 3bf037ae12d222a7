/** The Deployment of an application that keeps data. */
import { join } from "node:path/posix";
import type { apps, core } from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import { deviceLimits } from "../../devices/names.ts";
import { scriptText } from "../../remote/shell.ts";
import {
  containerSecurity,
  exceptionsAnnotation,
  exceptionsText,
  laxest,
  levelOf,
} from "../exceptions.ts";
import { fingerprintAnnotation } from "../fingerprint.ts";
import type { PodSecurity } from "../namespace.ts";
import { appLabels, appSelector, ownersPod } from "../restricted.ts";
import type { ContainerPlan, Probe, StatefulPlan } from "./plan.ts";

/** Annotation of a pod template that changes with the files of the program's own. */
const filesAnnotation = "homelab/files";

/** How long a pod may take to be ready, its image and its volumes included, in seconds. */
export const patience = 1800;

/** What is known of the Secrets when the pods are registered. */
export interface Secrecy {
  /** Changes with the Secrets that the containers read. */
  readonly fingerprint?: Input<string>;
  /** Secret with the login by which the image is pulled. */
  readonly pullSecret?: string;
}

/**
 * One pod, and never two: `Recreate` ends the old one before the new one starts, for a volume is attached to one node at a
 * time and two programs would write to one database. It is a Deployment, as in bjw-s' app-template (charts/library/common,
 * whose default this strategy is): where a node is lost, a StatefulSet's pod waits for it for ever, and this one's is made
 * anew elsewhere once Kubernetes has taken the volume off the lost node, after six minutes
 * (kubernetes, pkg/controller/volume/attachdetach/attach_detach_controller.go, ReconcilerMaxWaitForUnmountDuration).
 */
export function statefulDeployment(plan: StatefulPlan, secrecy: Secrecy = {}) {
  const { app, namespace } = plan;
  const exceptions = exceptionAnnotations(plan);
  return {
    metadata: {
      ...{ name: app, namespace, labels: appLabels(app) },
      ...(Object.keys(exceptions).length === 0 ? {} : { annotations: exceptions }),
    },
    spec: {
      replicas: 1,
      // An image may be large, and a first start long.
      progressDeadlineSeconds: patience,
      selector: appSelector(app),
      strategy: { type: "Recreate" },
      template: podTemplate(plan, secrecy),
    } satisfies apps.v1.DeploymentSpec,
  };
}

/** A plan, as far as it says what its containers may do. */
type Permitted = Pick<StatefulPlan, "app" | "container" | "beside" | "onHost">;

/** The application's own comes first. */
const containersOf = ({
  app,
  container: main,
  beside = [],
}: Permitted): readonly [ContainerPlan, ...ContainerPlan[]] => [{ ...main, name: app }, ...beside];

/** What its containers do beyond the restricted profile, and why, by annotation. */
export function exceptionAnnotations(plan: Permitted): Record<string, string> {
  const { onHost } = plan;
  const all = containersOf(plan).flatMap(({ name, exceptions }) => {
    const text = exceptionsText(exceptions);
    return text === undefined ? [] : [[exceptionsAnnotation(name), text] as const];
  });
  const host = onHost === undefined ? [] : [[exceptionsAnnotation("network"), onHost] as const];
  return Object.fromEntries([...all, ...host]);
}

/** The strictest profile that admits its pod; nothing below `privileged` admits the node's network. */
export function podLevel(plan: Permitted): PodSecurity {
  if (plan.onHost !== undefined) return "privileged";
  return laxest(containersOf(plan).map(({ exceptions = {} }) => levelOf(exceptions)));
}

function podTemplate(plan: StatefulPlan, { fingerprint, pullSecret }: Secrecy) {
  const { app, files, onHost, nameservers, leaveSeconds = 60 } = plan;
  const annotations = {
    ...(files === undefined ? {} : { [filesAnnotation]: files.mark }),
    ...(fingerprint === undefined ? {} : { [fingerprintAnnotation]: fingerprint }),
  };
  const [main, ...beside] = containersOf(plan);
  const first = [...seedContainer(plan), ...prepareContainer(plan), ...beside.map(sideContainer)];
  return {
    metadata: {
      labels: appLabels(app),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: ownersPod(plan.user),
      terminationGracePeriodSeconds: leaveSeconds,
      ...network(onHost, nameservers),
      ...(first.length === 0 ? {} : { initContainers: first }),
      containers: [mainContainer(plan, main)],
      ...(pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
      volumes: volumes(plan),
    },
  } satisfies core.v1.PodTemplateSpec;
}

function network(
  onHost: string | undefined,
  nameservers: readonly string[] | undefined,
): Pick<core.v1.PodSpec, "hostNetwork" | "dnsPolicy" | "dnsConfig"> {
  if (onHost !== undefined) return { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" };
  if (nameservers === undefined) return {};
  return { dnsPolicy: "None", dnsConfig: { nameservers: [...nameservers] } };
}

function mainContainer(plan: StatefulPlan, main: ContainerPlan): core.v1.Container {
  const { files, mounted = [] } = plan;
  return container(main, [
    ...(files === undefined
      ? []
      : [{ name: "files", mountPath: files.folder, readOnly: true as const }]),
    ...mounted.map(({ folder }, i) => ({
      ...{ name: `secret-${i}`, mountPath: folder, readOnly: true as const },
    })),
  ]);
}

/**
 * A container that Kubernetes starts before the application and ends after it.
 * @see https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
function sideContainer(plan: ContainerPlan): core.v1.Container {
  return { ...container(plan), restartPolicy: "Always" };
}

function container(
  plan: ContainerPlan,
  further: readonly core.v1.VolumeMount[] = [],
): core.v1.Container {
  const { name, image, command, args, environment = {}, settings = [], ports = [] } = plan;
  const { mounts = [], cpu, memory, devices, exceptions } = plan;
  const env = Object.entries(environment).map(([key, value]) => ({ name: key, value }));
  return {
    ...{ name, image },
    ...(command === undefined ? {} : { command: [...command] }),
    ...(args === undefined ? {} : { args: [...args] }),
    ...(env.length === 0 ? {} : { env }),
    ...(settings.length === 0
      ? {}
      : { envFrom: settings.map((secret) => ({ secretRef: { name: secret } })) }),
    ...(ports.length === 0
      ? {}
      : {
          ports: ports.map((one) => ({
            ...{ name: one.name, containerPort: one.port, protocol: one.protocol ?? "TCP" },
          })),
        }),
    ...probes(plan),
    resources: {
      requests: { cpu, memory: memory.request },
      limits: { memory: memory.limit, ...deviceLimits(devices) },
    },
    securityContext: containerSecurity(exceptions),
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      ...mounts.map(({ volume, folder, readOnly }) => ({
        ...{ name: volume, mountPath: folder },
        ...(readOnly === true ? { readOnly } : {}),
      })),
      ...further,
    ],
  };
}

/** A start may take long, as a database is brought to a new version; from then on half a minute of silence is too long. */
function probes({ probe, ports = [], startSeconds = 300 }: ContainerPlan) {
  const action = probeAction(probe, ports[0]?.name ?? "http");
  const timeoutSeconds = 5;
  return {
    startupProbe: {
      ...{ ...action, timeoutSeconds, periodSeconds: 5 },
      failureThreshold: Math.ceil(startSeconds / 5),
    },
    readinessProbe: { ...action, timeoutSeconds, periodSeconds: 10 },
    livenessProbe: { ...action, timeoutSeconds, periodSeconds: 30, failureThreshold: 5 },
  };
}

function probeAction(probe: Probe, port: string) {
  if (probe === "tcp") return { tcpSocket: { port } };
  if ("command" in probe) return { exec: { command: [...probe.command] } };
  return { httpGet: { path: probe.path, port } };
}

const seedScript = scriptText(import.meta.url, "seed.sh");

function seedContainer(plan: StatefulPlan): readonly core.v1.Container[] {
  const { seed } = plan;
  if (seed === undefined) return [];
  const folder = folderOf(plan, seed.volume);
  const args = ["/seed", join(folder, seed.folder ?? "")];
  return [
    scriptContainer(plan, "seed", seedScript, args, [
      { name: "seed", mountPath: "/seed", readOnly: true },
      { name: seed.volume, mountPath: folder },
    ]),
  ];
}

/** After the seed: it may change what that has brought. */
function prepareContainer(plan: StatefulPlan): readonly core.v1.Container[] {
  const { prepare } = plan;
  if (prepare === undefined) return [];
  const folder = folderOf(plan, prepare.volume);
  return [
    scriptContainer(
      plan,
      "prepare",
      prepare.script,
      [folder, ...prepare.args],
      [{ name: prepare.volume, mountPath: folder }],
    ),
  ];
}

/** Where the application's container has a volume. */
function folderOf({ app, container: { mounts } }: StatefulPlan, volume: string): string {
  const folder = mounts?.find((one) => one.volume === volume)?.folder;
  if (folder === undefined) throw new Error(`${app} has no volume ${volume} to write to`);
  return folder;
}

/** It runs the application's own image, which is pulled anyway, as the user whose files they are to be. */
function scriptContainer(
  { container: { image } }: StatefulPlan,
  name: string,
  script: string,
  args: readonly string[],
  volumeMounts: core.v1.VolumeMount[],
): core.v1.Container {
  return {
    ...{ name, image },
    command: ["/bin/sh", "-c", script, name, ...args],
    resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
    securityContext: containerSecurity(),
    volumeMounts,
  };
}

function volumes(plan: StatefulPlan): core.v1.Volume[] {
  const { claims, scratch = [], tmp = "1Gi", seed, files, mounted = [] } = plan;
  return [
    { name: "tmp", emptyDir: { sizeLimit: tmp } },
    ...claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
    ...scratch.map(({ name, limit }) => ({ name, emptyDir: { sizeLimit: limit } })),
    ...(seed === undefined ? [] : [{ name: "seed", configMap: { name: seed.from } }]),
    ...(files === undefined ? [] : [{ name: "files", configMap: { name: files.from } }]),
    ...mounted.map(({ name: secretName }, i) => ({ name: `secret-${i}`, secret: { secretName } })),
  ];
}

/** The Dragonfly (`dragonflydb.io/v1alpha1`) of a plan, and the login that programs get. */
import type { Output } from "@pulumi/pulumi";
import { digest } from "../digest.ts";
import { hostLabel } from "../storage/classes.ts";
import { gatewayAddress } from "../storage/gateway.ts";
import { fingerprintAnnotation } from "../workload/fingerprint.ts";
import { soonElsewhere } from "../workload/placement.ts";
import {
  bucketName,
  instanceLabels,
  passwordKey,
  passwordSecret,
  ports,
  redisNamespace,
  storeSecret,
} from "./names.ts";
import type { InstancePlan, SnapshotPlan, StorePlan } from "./plan.ts";

/** User and group of the image (dragonfly v1.39.0, tools/packaging/Dockerfile.ubuntu-prod: `groupadd -g 999 dfly`). */
const dfly = 999;

/**
 * No two pods share a Proxmox host. Which one is the master is the operator's to say, and it finds out late that a node is
 * lost: it goes by `ContainersReady`, which nobody takes back of a node that is silent, and asks the lost pod itself, until that
 * one is to be deleted (issue 302; v1.6.1, internal/controller/util.go, dragonfly_instance.go). So pods bear a silent node
 * for half a minute alone.
 *
 * The gate on replication stays off: a pod of a rollout could be left without a role for good (issue 508, open).
 */
export function dragonfly(plan: InstancePlan) {
  const { name, image, replicas, memoryMiB, snapshots } = plan;
  const memory = `${memoryMiB}Mi`;
  return {
    apiVersion: "dragonflydb.io/v1alpha1",
    kind: "Dragonfly",
    metadata: { name, namespace: redisNamespace.name },
    spec: {
      replicas,
      image,
      imagePullPolicy: "IfNotPresent",
      args: flags(plan),
      env: environment(plan),
      authentication: {
        passwordFromSecret: { name: passwordSecret(name), key: passwordKey },
      },
      resources: { requests: { cpu: "50m", memory }, limits: { memory } },
      // The operator's own would keep every namespace but this one out; the site's policies say who may.
      networkPolicyEnabled: false,
      podSecurityContext: {
        ...{ runAsNonRoot: true, runAsUser: dfly, runAsGroup: dfly, fsGroup: dfly },
        seccompProfile: { type: "RuntimeDefault" },
      },
      containerSecurityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: hostLabel, labelSelector: { matchLabels: instanceLabels(name) } },
          ],
        },
      },
      tolerations: soonElsewhere,
      ...(snapshots === undefined
        ? {}
        : { snapshot: { dir: directory(name, snapshots), cron: cron(snapshots) } }),
    },
  };
}

/** A mark of a Dragonfly and of the secrets that its pods read when they start. */
export function instanceMark(plan: InstancePlan, secrets: string): string {
  return digest(JSON.stringify([dragonfly(plan).spec, secrets]));
}

/** Annotation with an instance's mark, which the proof reads. */
const markAnnotation = "homelab/plan";

/**
 * What the operator puts on what it makes. On pods, the mark of their secrets: another one is another template, and it rolls them
 * out. On the StatefulSet and the rest, beside what rolls pods out, that of the instance: a Dragonfly's status has no generation,
 * and does not say whether the operator has seen a change (v1.6.1, api/v1alpha1/dragonfly_types.go, DragonflyStatus).
 */
export function marks(plan: InstancePlan, secrets: Output<string>) {
  return {
    podMetadata: { annotations: { [fingerprintAnnotation]: secrets } },
    ownedObjectsMetadata: {
      annotations: { [markAnnotation]: secrets.apply((of) => instanceMark(plan, of)) },
    },
  };
}

/** Dragonfly ends at once where a thread would have less than 256 MiB (dragonfly v1.39.0, src/server/dfly_main.cc). */
const threadMiB = 256;

/** What a pod may fill with data: the rest is for connections, scripts and what a snapshot takes on the way. */
export function dataMiB({ memoryMiB }: Pick<InstancePlan, "memoryMiB">): number {
  return Math.floor(memoryMiB * 0.8);
}

/** The least memory with which a pod starts. */
export const leastMemoryMiB = Math.ceil(threadMiB / 0.8);

function flags(plan: InstancePlan): string[] {
  const { evicts, undeclaredKeys, snapshots } = plan;
  const data = dataMiB(plan);
  return [
    `--maxmemory=${data}mb`,
    // By itself it takes as many as the node has cores, and may then want more memory than there is.
    `--proactor_threads=${Math.min(4, Math.floor(data / threadMiB))}`,
    ...(evicts ? ["--cache_mode=true"] : []),
    ...(undeclaredKeys ? ["--default_lua_flags=allow-undeclared-keys"] : []),
    // Without a store nothing is written when a pod ends: its disk goes with it.
    ...(snapshots === undefined ? ["--dbfilename="] : store(snapshots.store)),
  ];
}

/** Which store, as Dragonfly's own client of S3 is told: host and port, and buckets by path (helio, util/cloud/aws/s3_storage.cc). */
function store(of: StorePlan): string[] {
  const { host, https } = place(of);
  return [`--s3_endpoint=${host}`, `--s3_use_https=${https}`];
}

function place(of: StorePlan): { readonly host: string; readonly https: boolean } {
  if (of.kind === "bucket") return { host: gatewayAddress(of.class), https: false };
  const { protocol, hostname, port } = new URL(of.endpoint);
  const https = protocol === "https:";
  return { host: `${hostname}:${port || (https ? 443 : 80)}`, https };
}

/**
 * A folder for each pod: all save when they end, and files of two pods in one folder would become one snapshot of neither.
 * When all begin anew, that of the pod that is ready first counts, old or new (v1.6.1, internal/controller/util.go,
 * isBetterCandidate).
 * Kubernetes puts the pod's name into the argument.
 */
function directory(name: string, { store: of, folder }: SnapshotPlan): string {
  const bucket = of.kind === "bucket" ? bucketName(name) : of.bucket;
  return `s3://${bucket}/${folder}/$(POD_NAME)`;
}

/** On the hour, in UTC. */
export function cron({ everyHours }: Pick<SnapshotPlan, "everyHours">): string {
  return everyHours === 24 ? "0 0 * * *" : `0 */${everyHours} * * *`;
}

function environment({ name, snapshots }: InstancePlan) {
  if (snapshots === undefined) return [];
  const { store: of } = snapshots;
  const secret = of.kind === "bucket" ? bucketName(name) : storeSecret(name);
  return [
    { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "AWS_REGION", value: of.kind === "bucket" ? "us-east-1" : of.region },
    ...["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((key) => ({
      name: key,
      valueFrom: { secretKeyRef: { name: secret, key } },
    })),
  ];
}

/** Snapshots of a bucket of the site's own end by their age: Dragonfly itself deletes none (dragonfly-operator, issue 566). */
export function lifecycle(keepDays: number): string {
  return JSON.stringify({
    Rules: [
      // By id in their order, or Rook sets them again each time (its page on bucket claims).
      { ...{ ID: "snapshots", Status: "Enabled", Prefix: "" }, Expiration: { Days: keepDays } },
      {
        ...{ ID: "unfinished", Status: "Enabled", Prefix: "" },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
    ],
  });
}

/** What a program needs to reach an instance. */
export const loginKeys = ["host", "port", "password", "uri"] as const;

/**
 * The login; the Service leads to the master. There is one user, `default`, and the address names it: an empty name is another
 * user's to redis-cli since 6.2, who is refused (redis issue 12746), and Dragonfly's AUTH takes both forms.
 */
export function login(
  { name }: Pick<InstancePlan, "name">,
  { password, clusterDomain }: { readonly password: string; readonly clusterDomain: string },
): Record<(typeof loginKeys)[number], string> {
  const host = `${name}.${redisNamespace.name}.svc.${clusterDomain}`;
  const port = String(ports.redis);
  return {
    ...{ host, port, password },
    uri: `redis://default:${encodeURIComponent(password)}@${host}:${port}`,
  };
}

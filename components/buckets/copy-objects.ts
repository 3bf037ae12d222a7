/** What copies a bucket to a store outside, and fills it from there: rclone, once in a Job and again and again in a CronJob. */
import { schedule } from "../backup/objects.ts";
import { authorityKey } from "../backup/names.ts";
import { bucketRegion } from "../storage/storage-classes.ts";
import { keyNames } from "../storage/bucket-key.ts";
import { gatewayAddress } from "../storage/gateway.ts";
import { restrictedContainer, restrictedPod } from "../workload/restricted.ts";
import type { CopyPlan } from "./copy-plan.ts";
import { bucketsNamespace, copyLabels, copyName, fillName } from "./names.ts";
import type { StoredBucketPlan } from "./plan.ts";

type Copied = Pick<StoredBucketPlan, "name" | "class">;

/** Folder of a bucket's copy; the store's bucket comes before it. */
export function copyFolder({ target: { folder } }: Pick<CopyPlan, "target">, name: string): string {
  return `${folder}/${name}`;
}

/** Objects beside a copy by which it is known what it is of, and how old it is; scripts/copy.sh writes them. */
export const marks = { bucket: "bucket", copied: "copied" } as const;

/** The Secret with the key of the store outside, in plain. */
export function storeAccess(
  { target: { ca } }: Pick<CopyPlan, "target">,
  key: { readonly accessKey: string; readonly secretKey: string },
): Record<string, string> {
  return {
    [keyNames.access]: key.accessKey,
    [keyNames.secret]: key.secretKey,
    ...(ca === undefined ? {} : { [authorityKey]: ca }),
  };
}

const scriptFolder = "/run/copy";
export const scriptName = "copy.sh";
const authorityFolder = "/run/store";

/** Fills a bucket that was made anew. It begins again after what a store that is away for a while does to it. */
export function fillJob(bucket: Copied, copy: CopyPlan) {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { namespace: bucketsNamespace.name, name: fillName(bucket.name) },
    spec: {
      backoffLimit: 3,
      ttlSecondsAfterFinished: 86_400,
      template: pod(bucket, copy, { MODE: "fill" }),
    },
  };
}

/** Copies a bucket by its schedule, in UTC. */
export function copyCronJob(bucket: Copied, copy: CopyPlan) {
  const { name } = bucket;
  const { name: namespace } = bucketsNamespace;
  return {
    metadata: { namespace, name },
    spec: {
      schedule: schedule(copy, { namespace, claim: name }),
      timeZone: "Etc/UTC",
      // Two at once would move the same objects aside.
      concurrencyPolicy: "Forbid",
      // A site that was down at the time makes up for it; more than a hundred that were missed would end the CronJob.
      startingDeadlineSeconds: 3600,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 2,
      jobTemplate: {
        spec: {
          backoffLimit: 2,
          template: pod(bucket, copy, { MODE: "copy", KEEP_DAYS: String(copy.keepDays) }),
        },
      },
    },
  };
}

function pod(bucket: Copied, copy: CopyPlan, told: Readonly<Record<string, string>>) {
  const { target, rclone, memoryMiB } = copy;
  const own = copyName(bucket.name);
  const authority = target.ca !== undefined;
  return {
    metadata: { labels: { ...copyLabels } },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: restrictedPod(),
      containers: [
        {
          name: "rclone",
          image: `docker.io/rclone/rclone:${rclone}`,
          command: ["/bin/sh", `${scriptFolder}/${scriptName}`],
          env: [...plain({ ...told, ...settings(bucket, copy) }), ...keys(bucket, own)],
          // Its last words say why it failed.
          terminationMessagePolicy: "FallbackToLogsOnError",
          resources: {
            requests: { cpu: "50m", memory: "128Mi" },
            limits: { memory: `${memoryMiB}Mi` },
          },
          securityContext: restrictedContainer(),
          volumeMounts: [
            { name: "script", mountPath: scriptFolder, readOnly: true },
            { name: "lists", mountPath: "/tmp" },
            ...(authority
              ? [{ name: "authority", mountPath: authorityFolder, readOnly: true }]
              : []),
          ],
        },
      ],
      volumes: [
        { name: "script", configMap: { name: own } },
        { name: "lists", emptyDir: {} },
        ...(authority
          ? [
              {
                name: "authority",
                secret: { secretName: own, items: [{ key: authorityKey, path: authorityKey }] },
              },
            ]
          : []),
      ],
    },
  };
}

/**
 * What rclone is told by its environment (rclone v1.75.0, docs/content/docs.md, "Environment Variables"; docs/content/s3.md).
 * It makes no bucket, which the bucket's user may not. Objects are known to be others by their time as well as their size: of a
 * file in parts the store has no checksum that another one would have. What applications say of an object comes with it.
 */
function settings({ name, class: storageClass }: Copied, copy: CopyPlan): Record<string, string> {
  const { endpoint, bucket, region, ca } = copy.target;
  return {
    BUCKET: name,
    TARGET: `${bucket}/${copyFolder(copy, name)}`,
    RCLONE_CONFIG: "/dev/null",
    RCLONE_METADATA: "true",
    RCLONE_STATS: "10m",
    RCLONE_STATS_ONE_LINE: "true",
    RCLONE_STATS_LOG_LEVEL: "NOTICE",
    ...remote("SITE", {
      provider: "Ceph",
      endpoint: `http://${gatewayAddress(storageClass)}`,
      region: bucketRegion,
      // RGW refuses an object of a class that its zone has not, as a store outside may have given it (s3.go, prepareUpload).
      storage_class: "STANDARD",
    }),
    ...remote("OUTSIDE", { provider: "Other", endpoint, region }),
    ...(ca === undefined ? {} : { RCLONE_CA_CERT: `${authorityFolder}/${authorityKey}` }),
  };
}

function remote(
  name: "SITE" | "OUTSIDE",
  of: Readonly<Record<"provider" | "endpoint" | "region", string> & { storage_class?: string }>,
): Record<string, string> {
  const all: Readonly<Record<string, string>> = { type: "s3", ...of, no_check_bucket: "true" };
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [
      `RCLONE_CONFIG_${name}_${key.toUpperCase()}`,
      value,
    ]),
  );
}

const plain = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

/** Keys of both, each from its Secret. */
function keys({ name }: Copied, store: string) {
  const of = (remoteName: string, secret: string) =>
    (["access", "secret"] as const).map((half) => ({
      name: `RCLONE_CONFIG_${remoteName}_${half === "access" ? "ACCESS_KEY_ID" : "SECRET_ACCESS_KEY"}`,
      valueFrom: { secretKeyRef: { name: secret, key: keyNames[half] } },
    }));
  return [...of("SITE", name), ...of("OUTSIDE", store)];
}

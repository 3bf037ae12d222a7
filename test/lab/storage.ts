/** Claims and buckets as applications use them, and what Ceph says of itself. */
import assert from "node:assert/strict";
import { runInLab } from "../../lab/lab.ts";
import { kubernetes } from "./cluster.ts";
import { attempt, kubectl, run } from "./command.ts";
import { eventually } from "./site.ts";

const kube = ["--context", "home", "-n", "default"];
/** An image whose pods run shells in the lab. */
const image = "quay.io/ceph/ceph:v20.2.4";

/** The owner of applications' files. */
export const owner = { uid: 1000, gid: 1000 };

/** What a pod of the profile `restricted` runs with a claim at /data: a script, as the owner of the files. */
export const volumePod = (claim: string, text: string) => ({
  securityContext: {
    ...{ runAsNonRoot: true, runAsUser: owner.uid, runAsGroup: owner.gid, fsGroup: owner.gid },
    seccompProfile: { type: "RuntimeDefault" },
  },
  terminationGracePeriodSeconds: 1,
  containers: [
    {
      ...{ name: "script", image, command: ["/bin/bash", "-euc", text] },
      terminationMessagePolicy: "FallbackToLogsOnError",
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    },
  ],
  volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
});

/** Health, warnings and disks of Ceph, as its CephCluster has them. */
export async function cephOf(): Promise<{
  readonly health: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly osds: number;
}> {
  const { status } = await kubectl<{
    status: {
      ceph: { health: string; details?: Record<string, unknown> };
      storage: { osd: { storeType: { bluestore: number } } };
    };
  }>`--context home -n rook-ceph get cephcluster rook-ceph`;
  const { health, details = {} } = status.ceph;
  return { health, details, osds: status.storage.osd.storeType.bluestore };
}

/** Nodes of the disks' daemons that run, one for each. */
export async function osdsByNode(): Promise<readonly string[]> {
  const { items } = await kubectl<{
    items: {
      spec: { template: { spec: { nodeSelector: Record<string, string> } } };
      status: { readyReplicas?: number };
    }[];
  }>`--context home -n rook-ceph get deployments -l app=rook-ceph-osd`;
  return items
    .filter(({ status }) => (status.readyReplicas ?? 0) > 0)
    .map(({ spec }) => spec.template.spec.nodeSelector["kubernetes.io/hostname"] ?? "")
    .sort();
}

/** A claim of a class, with what an application does with it. */
export class Trial {
  readonly name: string;
  private readonly mode: string;
  private readonly snapshotClass: string;
  private jobs = 0;

  constructor(name: string, mode: "ReadWriteOnce" | "ReadWriteMany", snapshotClass: string) {
    this.name = name;
    this.mode = mode;
    this.snapshotClass = snapshotClass;
  }

  /** Runs a script on a node with the claim at /data; what it prints last stands in the error when it fails. */
  async script(claim: string, node: string, text: string): Promise<void> {
    const name = `${claim}-${(this.jobs += 1)}`;
    const container = {
      name: "script",
      image,
      command: ["/bin/bash", "-euc", text],
      terminationMessagePolicy: "FallbackToLogsOnError",
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    };
    const spec = {
      restartPolicy: "Never",
      nodeName: node,
      containers: [container],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: claim } }],
    };
    await kubernetes("apply", [{ apiVersion: "v1", kind: "Pod", metadata: { name }, spec }]);
    const phase = "-o=jsonpath={.status.phase} {.status.containerStatuses[*].state}";
    await eventually(90, async () => {
      assert.match(await run`kubectl ${kube} get pod ${name} ${phase}`, /^(Succeeded|Failed)/);
    });
    assert.match(await run`kubectl ${kube} get pod ${name} ${phase}`, /^Succeeded/);
    await run`kubectl ${kube} delete pod ${name}`;
  }

  /** Bound, written, snapshotted, restored from the snapshot, and expanded. */
  async goThrough(node: string): Promise<void> {
    const { name } = this;
    await this.claim(name);
    await this.script(name, node, "echo first >/data/words");
    await kubernetes("apply", [
      {
        apiVersion: "snapshot.storage.k8s.io/v1",
        kind: "VolumeSnapshot",
        metadata: { name },
        spec: {
          volumeSnapshotClassName: this.snapshotClass,
          source: { persistentVolumeClaimName: name },
        },
      },
    ]);
    await eventually(60, async () => {
      const ready = "-o=jsonpath={.status.readyToUse}";
      assert.equal(await run`kubectl ${kube} get volumesnapshot ${name} ${ready}`, "true");
    });
    await this.script(name, node, "echo second >>/data/words");
    const source = { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name };
    await this.claim(`${name}-restored`, source);
    await this.script(`${name}-restored`, node, "[[ $(cat /data/words) == first ]]");
    const larger = JSON.stringify({ spec: { resources: { requests: { storage: "2Gi" } } } });
    await run`kubectl ${kube} patch pvc ${name} --type merge -p ${larger}`;
    await eventually(60, async () => {
      // A file system grows when it is mounted next.
      const seen = await run`kubectl ${kube} get pvc ${name} -o=jsonpath={.status}`;
      assert.match(seen, /FileSystemResizePending|"storage":"2Gi"/);
    });
    await this.script(name, node, "[[ $(wc -l </data/words) == 2 ]]");
    await eventually(60, async () => {
      const size = "-o=jsonpath={.status.capacity.storage}";
      assert.equal(await run`kubectl ${kube} get pvc ${name} ${size}`, "2Gi");
    });
  }

  /** Makes a claim, which is bound within the time of a minute. */
  async claim(name: string, dataSource?: object): Promise<void> {
    await kubernetes("apply", [
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name },
        spec: {
          storageClassName: this.name,
          accessModes: [this.mode],
          resources: { requests: { storage: "1Gi" } },
          ...(dataSource === undefined ? {} : { dataSource }),
        },
      },
    ]);
    await eventually(60, async () => {
      const phase = "-o=jsonpath={.status.phase}";
      assert.equal(await run`kubectl ${kube} get pvc ${name} ${phase}`, "Bound");
    });
  }

  /** Takes away all that the trial has made, and waits until Ceph has let it go. */
  async remove(): Promise<void> {
    const { name } = this;
    await run`kubectl ${kube} delete volumesnapshot ${name} --timeout=60s`;
    await run`kubectl ${kube} delete pvc ${name} ${name}-restored ${name}-new --timeout=60s`;
    await eventually(60, async () => {
      assert.ok(!(await run`kubectl ${kube} get pv`).includes(`default/${name}`));
    });
  }
}

/** While a host is lost: what was written is there, more can be written, and a new claim is bound and written. */
export async function keeps(trial: Trial, node: string): Promise<void> {
  await trial.script(
    trial.name,
    node,
    "[[ $(wc -l </data/words) == 2 ]]; echo third >>/data/words",
  );
  await trial.claim(`${trial.name}-new`);
  await trial.script(`${trial.name}-new`, node, "echo first >/data/words");
}

/** A bucket of a class takes and gives an object, by the keys that its claim got. */
export async function tryBucket(name: string): Promise<void> {
  await kubernetes("apply", [
    {
      apiVersion: "objectbucket.io/v1alpha1",
      kind: "ObjectBucketClaim",
      metadata: { name },
      spec: { generateBucketName: name, storageClassName: name },
    },
  ]);
  await eventually(60, async () => {
    const phase = "-o=jsonpath={.status.phase}";
    assert.equal(await run`kubectl ${kube} get objectbucketclaim ${name} ${phase}`, "Bound");
  });
  type Data<Key extends string> = { readonly data: Readonly<Record<Key, string>> };
  const { data: place } = await kubectl<
    Data<"BUCKET_HOST" | "BUCKET_NAME" | "BUCKET_PORT">
  >`${kube} get configmap ${name}`;
  const { data: key } = await kubectl<
    Data<"AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY">
  >`${kube} get secret ${name}`;
  const clear = (text: string): string => Buffer.from(text, "base64").toString();
  const [service = "", namespace = ""] = place.BUCKET_HOST.split(".");
  const address =
    await run`kubectl --context home -n ${namespace} get service ${service} -o=jsonpath={.spec.clusterIP}`;
  const url = `http://${address}:${place.BUCKET_PORT}/${place.BUCKET_NAME}/words`;
  const asks = async (secret: string, ...options: readonly string[]) => {
    const config = `user = "${clear(key.AWS_ACCESS_KEY_ID)}:${secret}"\n`;
    const unsigned = ["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"];
    const command = ["curl", "-sS", "--aws-sigv4", "aws:amz:us-east-1:s3", ...unsigned, "-K", "-"];
    const all = [...command, ...options, url];
    return runInLab(all, { stdio: "capture", keepHome: true, input: config });
  };
  const secret = clear(key.AWS_SECRET_ACCESS_KEY);
  assert.equal((await asks(secret, "-f", "-X", "PUT", "--data-binary", "first")).code, 0);
  assert.equal((await asks(secret, "-f")).stdout, "first");
  assert.match((await asks("another")).stdout, /SignatureDoesNotMatch/);
  await run`kubectl ${kube} delete objectbucketclaim ${name} --timeout=60s`;
  assert.match((await asks(secret)).stdout, /NoSuchBucket/);
  assert.notEqual((await attempt`kubectl ${kube} get secret ${name}`).code, 0);
}

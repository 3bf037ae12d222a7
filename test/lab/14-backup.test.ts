import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { replicationDestination } from "../../components/backup/objects.ts";
import type { SavingPlan } from "../../components/backup/plan.ts";
import { volumeSpec } from "../../components/storage/claim.ts";
import { openAuthority } from "../../lab/world/authority.ts";
import { kubernetes } from "./cluster.ts";
import { attempt, kubectl, paths, refused, run } from "./command.ts";
import { eventually, setConfigs, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { owner, volumePod } from "./storage.ts";

/** A namespace that is guarded, and admits pods of the profile `restricted` alone. */
const namespace = "household";
const kube = ["--context", "home", "-n", namespace];

const target = {
  ...{ endpoint: "https://nas.home.arpa:9000", bucket: "volumes", folder: "volumes-home" },
  region: "us-east-1",
};
const saving: SavingPlan = {
  target: { ...target, ca: "in the Secret" },
  ...{ at: "03:00", everyHours: 24, keep: { daily: 7 }, cacheGiB: 2, memoryMiB: 1024 },
};
const saved = (claim: string) => ({
  ...{ namespace, claim, class: "ceph-block", kind: "block" as const, ...owner },
  made: { sizeGiB: 1, shared: false },
});

const claimObject = (name: string, from?: ReturnType<typeof replicationDestination>) => ({
  ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { namespace, name } },
  spec: volumeSpec({
    ...{ namespace, name, class: "ceph-block", sizeGiB: 1 },
    ...(from === undefined ? {} : { from }),
  }),
});

const application = {
  ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace, name: "words" } },
  spec: {
    ...{ replicas: 1, selector: { matchLabels: { app: "words" } } },
    strategy: { type: "Recreate" },
    template: {
      metadata: { labels: { app: "words" } },
      spec: volumePod("words", "while true; do sleep 1; done"),
    },
  },
};

/** Runs a script beside the application, where the volume is; fails with what it printed last. */
let scripts = 0;
async function script(claim: string, text: string): Promise<void> {
  const name = `${claim}-script-${(scripts += 1)}`;
  const where =
    await run`kubectl ${kube} get pods -l app=words -o ${"jsonpath={.items[*].spec.nodeName}"}`;
  const [node] = where.split(" ").filter(Boolean);
  const spec = {
    ...{ ...volumePod(claim, text), restartPolicy: "Never" },
    ...(node === undefined || claim !== "words" ? {} : { nodeName: node }),
  };
  await kubernetes("apply", [
    { apiVersion: "v1", kind: "Pod", metadata: { namespace, name }, spec },
  ]);
  const phase = "-o=jsonpath={.status.phase} {.status.containerStatuses[*].state}";
  await eventually(90, async () => {
    assert.match(await run`kubectl ${kube} get pod ${name} ${phase}`, /^(Succeeded|Failed)/);
  });
  assert.match(await run`kubectl ${kube} get pod ${name} ${phase}`, /^Succeeded/);
  await run`kubectl ${kube} delete pod ${name}`;
}

const runs = async (): Promise<void> => {
  await run`kubectl ${kube} rollout status deployment/words --timeout=120s`;
};

interface Replication {
  readonly spec: { readonly paused?: boolean };
  readonly status?: {
    readonly lastSyncTime?: string;
    readonly latestMoverStatus?: { readonly result?: string; readonly logs?: string };
  };
}

const source = (claim: string): Promise<Replication> =>
  kubectl<Replication>`${kube} get replicationsource ${claim}`;

const bound = (claim: string): Promise<number> =>
  eventually(180, async () => {
    const phase = "-o=jsonpath={.status.phase}";
    assert.equal(await run`kubectl ${kube} get pvc ${claim} ${phase}`, "Bound");
  });

describe("a volume that leaves the site", () => {
  given(siteIsUp);

  before("have a site with backups, and an application that others have made", async () => {
    await kubernetes("apply", [claimObject("words"), claimObject("blank"), application]);
    await runs();
    await script("words", "echo first >/data/words; mkdir -p /data/more; echo x >/data/more/x");
    const { certificateFile } = await openAuthority(paths.ca);
    const at = "homelab:backup";
    await setConfigs({
      [`${at}.s3.endpoint`]: target.endpoint,
      [`${at}.s3.bucket`]: target.bucket,
      [`${at}.s3.ca`]: await readFile(certificateFile, "utf8"),
      [`${at}.s3.accessKey`]: "op://Homelab/NAS/access-key",
      [`${at}.s3.secretKey`]: "op://Homelab/NAS/secret-key",
      [`${at}.password`]: "op://Homelab/Backup/password",
      ...Object.fromEntries(
        ["words", "blank"].flatMap((name, i): [string, string | number][] => [
          [`${at}.claims[${i}].namespace`, namespace],
          [`${at}.claims[${i}].name`, name],
          [`${at}.claims[${i}].uid`, owner.uid],
        ]),
      ),
    });
    await up("home");
  });

  after("leave the site as it was", async () => {
    await attempt`pulumi config rm --stack home homelab:backup`;
    const made = ["deployment/words", "pvc/words", "pvc/blank"];
    await run`kubectl ${kube} delete replicationdestinations --all --timeout=60s`;
    await run`kubectl ${kube} delete ${made} --ignore-not-found --timeout=90s`;
    await up("home");
  });

  it("is saved at once, as its files' user, and an empty one counts as saved", async () => {
    await eventually(240, async () => {
      const { status } = await source("words");
      assert.equal(status?.latestMoverStatus?.result, "Successful");
      assert.match(status.latestMoverStatus.logs ?? "", /snapshot [0-9a-f]+ saved/);
    });
    await eventually(120, async () => {
      const { status } = await source("blank");
      assert.match(status?.latestMoverStatus?.logs ?? "", /Directory is empty/);
      assert.ok(status?.lastSyncTime !== undefined);
    });
    // What was there for the backup alone is gone again.
    await eventually(60, async () => {
      assert.equal(await run`kubectl ${kube} get jobs,volumesnapshots -o name`, "");
    });
  });

  it("is named with the moment of its backup, and what never had one is named too", async () => {
    const { code, stdout } = await attempt`node scripts/rebuild-check.ts --stack home`;
    assert.equal(code, 1, stdout);
    assert.match(stdout, /volume household\/words +from \d{4}-\S+Z, the newest of 1: by npm run/);
    assert.match(
      stdout,
      /is lost, though the site file wants it saved\n( +\S.*\n)* +volume household\/blank +was never saved: volumes\/volumes-home\/household\/blank/,
    );
  });

  it("becomes what its backup was, with its pods away meanwhile and back afterwards", async () => {
    await script("words", "echo second >/data/words; echo y >/data/y; rm /data/more/x");
    await run`node scripts/restore.ts --stack home --claim household/words --yes`;
    await script(
      "words",
      "[[ $(cat /data/words) == first && $(cat /data/more/x) == x && ! -e /data/y ]]",
    );
    await runs();
    assert.notEqual((await source("words")).spec.paused, true);
    // One that stayed would be repeated, over the pods.
    assert.equal(await run`kubectl ${kube} get replicationdestinations -o name`, "");
    const annotations = "-o=jsonpath={.metadata.annotations}";
    assert.doesNotMatch(
      await run`kubectl ${kube} get deployment words ${annotations}`,
      /replicas-before-restore/,
    );
  });

  it("is left alone where no backup is old enough", async () => {
    const said =
      await refused`node scripts/restore.ts --stack home --claim household/words --at 2020-01-01T00:00:00Z --yes`;
    assert.match(said, /nothing was changed:\s+household\/words has no backup from before/);
    await runs();
  });

  it("is there again before its pods start, once its claim is made anew with its populator", async () => {
    await run`kubectl ${kube} delete deployment/words pvc/words pvc/blank --timeout=90s`;
    const destinations = ["words", "blank"].map((claim) =>
      replicationDestination(saved(claim), saving),
    );
    await kubernetes("apply", [
      ...destinations.map((from) => claimObject(from.metadata.name, from)),
      application,
    ]);
    // Without what fills it a claim waits, and its pod with it.
    await eventually(60, async () => {
      const events =
        await run`kubectl ${kube} get events --field-selector involvedObject.name=words`;
      assert.match(events, /Unable to populate volume/);
    });
    await kubernetes("apply", destinations);
    await bound("words");
    await runs();
    await script("words", "[[ $(cat /data/words) == first && -w /data/words ]]");
  });

  it("begins empty where its repository has no backup", async () => {
    await bound("blank");
    await script("blank", "[[ -z $(ls -A /data) ]]; touch /data/mine");
  });
});

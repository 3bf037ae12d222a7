import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  cron,
  dragonfly,
  instanceMark,
  leastMemoryMiB,
  lifecycle,
  login,
} from "../../../components/redis/instance-object.ts";
import { operatorValues } from "../../../components/redis/operator-values.ts";
import type { InstancePlan } from "../../../components/redis/plan.ts";
import { dragonflyImage, dragonflyVersion } from "../../../components/redis/releases.ts";
import { bucketSpec } from "../../../components/storage/claim.ts";
import { at } from "./at.ts";
import { closed, violations, type Schema } from "./json-schema.ts";
import { wordsOf } from "./step-words.ts";

const schema = (file: string): Schema =>
  JSON.parse(readFileSync(new URL(`./schemas/${file}.json`, import.meta.url), "utf8")) as Schema;

const plan: InstancePlan = {
  ...{ name: "cache", image: dragonflyImage(dragonflyVersion), replicas: 2, memoryMiB: 1024 },
  ...{ evicts: true, undeclaredKeys: true },
  snapshots: {
    store: { kind: "bucket", class: "ceph-bucket", keepDays: 7 },
    ...{ folder: "cache", everyHours: 1 },
  },
};
const outside: InstancePlan = {
  ...{ ...plan, evicts: false, undeclaredKeys: false },
  snapshots: {
    store: {
      ...{ kind: "s3", endpoint: "https://nas.home.arpa/", bucket: "redis" },
      region: "us-east-1",
    },
    ...{ folder: "cache", everyHours: 6 },
  },
};
const { snapshots, ...unsaved } = plan;
const flags = (of: InstancePlan) => dragonfly(of).spec.args;

describe("the object of a Redis instance", () => {
  it("is taken by the definition of the pinned release as it is", () => {
    for (const { apiVersion, kind, spec } of [plan, outside, unsaved].map(dragonfly)) {
      const object = { apiVersion, kind, metadata: {}, spec };
      assert.deepEqual(violations(closed(schema("dragonfly")), object), []);
    }
  });

  it("carries a mark of all that it is to the StatefulSet, and of its secrets alone to pods", () => {
    const mark = instanceMark(plan, "secrets");
    assert.equal(instanceMark({ ...plan }, "secrets"), mark);
    assert.notEqual(instanceMark(plan, "others"), mark);
    assert.notEqual(instanceMark({ ...plan, replicas: 3 }, "secrets"), mark);
    assert.notEqual(instanceMark({ ...plan, memoryMiB: 2048 }, "secrets"), mark);
  });

  it("keeps no two pods on one host, and gives a silent node up soon", () => {
    const { spec } = dragonfly(plan);
    const term =
      "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey";
    assert.equal(at(spec, term), "topology.kubernetes.io/zone");
    assert.deepEqual(
      spec.tolerations.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]),
      [
        ["node.kubernetes.io/not-ready", 30],
        ["node.kubernetes.io/unreachable", 30],
      ],
    );
  });

  it("asks for no more threads than its memory is enough for", () => {
    const threads = (memoryMiB: number) => flags({ ...plan, memoryMiB })[1];
    assert.equal(threads(leastMemoryMiB), "--proactor_threads=1");
    assert.equal(threads(1024), "--proactor_threads=3");
    assert.equal(threads(8192), "--proactor_threads=4");
    assert.equal(flags({ ...plan, memoryMiB: leastMemoryMiB })[0], "--maxmemory=256mb");
  });

  it("saves each pod to a folder of its own, and none to a disk that goes with it", () => {
    const { spec } = dragonfly(plan);
    assert.deepEqual(at(spec, "snapshot"), {
      ...{ dir: "s3://redis-cache/cache/$(POD_NAME)", cron: "0 */1 * * *" },
    });
    assert.equal(at(spec, "env[0].valueFrom.fieldRef.fieldPath"), "metadata.name");
    assert.equal(at(spec, "env[2].valueFrom.secretKeyRef.name"), "redis-cache");
    assert.ok(snapshots !== undefined && !("snapshot" in dragonfly(unsaved).spec));
    assert.ok(flags(unsaved).includes("--dbfilename="));
  });

  it("finds a bucket by plain http inside, and a store outside by its host and port", () => {
    assert.ok(flags(plan).includes("--s3_endpoint=rook-ceph-rgw-ceph-bucket.rook-ceph.svc:80"));
    assert.ok(flags(plan).includes("--s3_use_https=false"));
    assert.ok(flags(outside).includes("--s3_endpoint=nas.home.arpa:443"));
    assert.ok(flags(outside).includes("--s3_use_https=true"));
    assert.equal(at(dragonfly(outside), "spec.env[2].valueFrom.secretKeyRef.name"), "cache.store");
  });

  it("makes room and lets scripts touch undeclared keys only where it is told to", () => {
    for (const flag of ["--cache_mode=true", "--default_lua_flags=allow-undeclared-keys"]) {
      assert.ok(flags(plan).includes(flag));
      assert.ok(!flags(outside).includes(flag));
    }
  });

  it("runs as the profile restricted wants it, and is closed by the site's policies alone", () => {
    const { spec } = dragonfly(plan);
    assert.equal(at(spec, "podSecurityContext.runAsUser"), 999);
    assert.equal(at(spec, "podSecurityContext.seccompProfile.type"), "RuntimeDefault");
    assert.deepEqual(at(spec, "containerSecurityContext.capabilities.drop"), ["ALL"]);
    assert.equal(spec.networkPolicyEnabled, false);
    assert.ok(!("enableReplicationReadinessGate" in spec));
  });

  it("says when it is saved, and how long a bucket keeps that", () => {
    assert.equal(cron({ everyHours: 6 }), "0 */6 * * *");
    assert.equal(cron({ everyHours: 24 }), "0 0 * * *");
    const rules = (JSON.parse(lifecycle(7)) as { Rules: { ID: string }[] }).Rules;
    assert.deepEqual(
      rules.map(({ ID }) => ID),
      ["snapshots", "unfinished"],
    );
    const claim = { namespace: "redis", name: "redis-cache", class: "ceph-bucket" };
    const spec = bucketSpec({ ...claim, called: true, lifecycle: lifecycle(7) });
    assert.equal(at(spec, "additionalConfig.bucketLifecycle"), lifecycle(7));
    assert.ok(!("additionalConfig" in bucketSpec(claim)));
  });

  it("tells a program all that it needs, with a password as addresses take it", () => {
    const { uri } = login(plan, { password: "a/b", clusterDomain: "cluster.local" });
    assert.equal(uri, "redis://default:a%2Fb@cache.redis.svc.cluster.local:6379");
  });
});

describe("the values of Dragonfly's operator", () => {
  it("are known to the chart, and leave the kind to its owner", () => {
    const values = operatorValues({ replicas: 2 });
    assert.deepEqual(violations(closed(schema("dragonfly-operator")), values), []);
    assert.equal(at(values, "crds.install"), false);
  });

  it("fit the profile restricted", () => {
    const values = operatorValues({ replicas: 1 });
    assert.equal(at(values, "podSecurityContext.seccompProfile.type"), "RuntimeDefault");
  });
});

const scriptOf = (file: string): string =>
  ["pods.sh", file]
    .map((part) => new URL(`../../../components/redis/scripts/${part}`, import.meta.url))
    .map((part) => readFileSync(part, "utf8"))
    .join("");

describe("what saves the only pod of a Redis instance", () => {
  const seen = (master: string, save = "OK") =>
    wordsOf({
      variables: "NAMESPACE=redis INSTANCE=cache",
      functions: 'note() { echo "$*"; }',
      cases: `
        *role=master*) ${master} ;;
        *"exec cache-0"*SAVE*) printf '${save}' ;;`,
      script: scriptOf("save.sh"),
    });

  it("does nothing before there is one, and holds up nothing where the store does not answer", () => {
    assert.equal(seen("return 1"), "");
    assert.equal(seen("printf cache-0"), "");
    assert.equal(
      seen("printf cache-0", "ERR 403"),
      "the Redis instance cache could not be saved before it begins anew: ERR 403",
    );
  });
});

describe("the proof of a Redis instance", () => {
  const script = scriptOf("ready.sh");
  const whole = "master rev-2 True\\nreplica rev-2 True\\n";
  const seen = (
    {
      sts = "mark 2 2 rev-2",
      pods = whole,
      set = "OK",
      slaves = "slave0:ip=10.42.0.1,state=online",
      save = "OK",
    } = {},
    store = "ceph-bucket",
  ) =>
    wordsOf({
      variables: `NAMESPACE=redis INSTANCE=cache REPLICAS=2 STORE='${store}' MARK=mark`,
      functions: "pods_in() { :; }",
      cases: `
        *"get statefulset cache"*) printf '${sts}\\n' ;;
        *role=master*) printf cache-0 ;;
        *"get pods -l app=cache"*) printf '${pods}' ;;
        *"exec cache-0"*SET*) printf '${set}' ;;
        *"exec cache-0"*replication*) printf '# Replication\\r\\nconnected_slaves:1\\r\\n${slaves}\\r\\n' ;;
        *"exec cache-0"*SAVE*) printf '${save}' ;;`,
      script,
    });

  it("ends once a master takes writes, the rest copies, and a snapshot is in its store", () => {
    assert.equal(seen(), "");
  });

  it("waits for pods of the last rollout, with a role each, and one master", () => {
    for (const pods of [
      "master rev-2 True\\n",
      "master rev-1 True\\nreplica rev-2 True\\n",
      "master rev-2 True\\n rev-2 True\\n",
      "replica rev-2 True\\nreplica rev-2 True\\n",
      "master rev-2 False\\nreplica rev-2 True\\n",
      "master rev-2 True\\nmaster rev-2 True\\n",
    ])
      assert.match(seen({ pods }), /the Redis instance cache is not whole after 900 s/, pods);
  });

  it("waits until the operator has taken the change up, and Kubernetes what the operator has made of it", () => {
    for (const sts of ["before 1 1 rev-2", " 1 1 rev-2", "mark 2 1 rev-2", ""])
      assert.match(
        seen({ sts }),
        /is not whole after 900 s: its operator has not taken up its change/,
        sts,
      );
  });

  it("is not content with a master that takes no writes, or that nobody copies from", () => {
    assert.match(seen({ set: "READONLY" }), /takes no writes: READONLY/);
    assert.match(seen({ slaves: "slave0:state=full_sync" }), /has 0 replicas of 1/);
  });

  it("tells what the store says to a snapshot, where there is one", () => {
    assert.match(
      seen({ save: "ERR Couldnt open file" }),
      /no snapshot of the Redis instance cache arrives in ceph-bucket: ERR Couldnt open file/,
    );
    assert.equal(seen({ save: "ERR" }, ""), "");
  });
});

import assert from "node:assert/strict";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { parameterValues } from "../../../components/remote/shell.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { judgeDataLoss } from "../../../stacks/data-loss/look.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { outside, redisSite } from "./redis-site.ts";
import { homeConfig } from "./sample.ts";

const site = {
  ...redisSite({}, { second: outside }),
  "apps.typeo.logins": [{ to: "redis/cache" }],
};

describe("a site's Redis", () => {
  it("is not there where nobody asked for it, and is taken where somebody did", () => {
    assert.equal(homeConfig().redis, undefined);
    assert.deepEqual(crossCheck(homeConfig(site), "home"), []);
    const names = siteNamespaces(homeConfig(site)).map(({ name }) => name);
    assert.ok(names.includes("dragonfly-system") && names.includes("redis"));
  });

  it("lets in who logs in and the operator, each at its port, and reaches its store", () => {
    const policies = networkPolicies(policyPlan(homeConfig(site)));
    const of = (label: string, direction: "egress" | "ingress") =>
      JSON.stringify(
        (policies.find(({ name }) => name === "homelab-redis")?.specs ?? [])
          .filter(({ endpointSelector: { matchLabels } }) =>
            Object.values(matchLabels).includes(label),
          )
          .map((spec) => spec[direction]),
      );
    const cache = of("cache", "ingress");
    assert.match(cache, /typeo/);
    assert.match(cache, /"6379"/);
    assert.match(cache, /dragonfly-system/);
    assert.ok(!of("second", "ingress").includes("typeo"));
    assert.match(of("cache", "egress"), /rook-ceph-rgw/);
    assert.match(of("second", "egress"), /"matchName":"nas\.home\.arpa"/);
  });
});

describe("the graph of a site with Redis", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(site);
  });
  const order = (name: string) => recording.waitsFor(name);

  it("goes from the kind to operator, bucket, instance, proof and who logs in", () => {
    assert.ok(order("dragonfly-operator").has("dragonfly-definitions-command"));
    assert.ok(order("home-redis-namespace").has("dragonfly-operator"));
    assert.ok(order("redis-cache-bucket-claim").has("home-redis-namespace"));
    assert.ok(order("redis-cache-bucket-claim").has("home-storage-tried-command"));
    assert.ok(order("redis-cache-instance").has("redis-cache-bucket-claim"));
    assert.ok(order("redis-cache-instance").has("redis-cache-login"));
    assert.ok(order("redis-second-instance").has("redis-second-store-key"));
    assert.ok(order("redis-cache-ready-command").has("redis-cache-instance"));
    assert.ok(order("typeo-deployment").has("redis-cache-ready-command"));
  });

  it("tells an application its login, and shows no password", () => {
    const { stringData } = recording.get("typeo-settings").plain as {
      stringData: Record<string, string>;
    };
    const password = "value-of-op://Homelab/Redis/password";
    assert.equal(stringData["REDIS_HOST"], "cache.redis.svc.cluster.local");
    assert.equal(stringData["REDIS_PORT"], "6379");
    assert.equal(stringData["REDIS_PASSWORD"], password);
    assert.equal(
      stringData["REDIS_URL"],
      `redis://default:${encodeURIComponent(password)}@cache.redis.svc.cluster.local:6379`,
    );
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    for (const secret of ["Redis/password", "NAS/access-key", "NAS/secret-key"])
      assert.ok(!shown.includes(`value-of-op://Homelab/${secret}`), secret);
    assert.ok(recording.find("redis-second-password") !== undefined);
    assert.equal(recording.find("redis-cache-password"), undefined);
  });

  it("rolls its pods out when the password or the store's key changes, and proves them again", async () => {
    const key = { ...outside.snapshots.s3, secretKey: "op://Homelab/NAS/other" };
    const second = { ...outside, snapshots: { ...outside.snapshots, s3: key } };
    const other = await recordedHome(
      redisSite({ password: "op://Homelab/Redis/other" }, { second }),
    );
    for (const name of ["cache", "second"]) {
      const mark = (made: typeof recording) =>
        at(made.get(`redis-${name}-instance`).plain, "spec.podMetadata.annotations");
      const step = (made: typeof recording) =>
        at(made.get(`redis-${name}-ready-command`).plain, "stdin");
      assert.notDeepEqual(mark(recording), mark(other), name);
      assert.notEqual(step(recording), step(other), name);
    }
  });

  it("awaits the very mark that the operator carries on from the instance", () => {
    const marks = at(
      recording.get("redis-cache-instance").plain,
      "spec.ownedObjectsMetadata.annotations",
    ) as Record<string, string>;
    const { stdin } = recording.get("redis-cache-ready-command").plain as { stdin: string };
    assert.match(marks["homelab/plan"] ?? "", /^[0-9a-f]{16}$/);
    assert.equal(parameterValues(stdin)["MARK"], marks["homelab/plan"]);
  });

  it("saves an instance of one pod before it changes, whose data nobody else keeps", async () => {
    const alone = await recordedHome(redisSite({ replicas: 1 }, { bare: { replicas: 1 } }));
    assert.ok(alone.waitsFor("redis-cache-instance").has("redis-cache-save-command"));
    assert.equal(alone.find("redis-bare-save-command"), undefined, "nothing is saved of it");
    assert.equal(recording.find("redis-cache-save-command"), undefined, "another pod has it");
  });

  it("looks at the key of a bucket of its own, which is another one with another claim", () => {
    assert.ok(order("redis-cache-instance").has("redis-cache-bucket-key"));
  });
});

describe("Redis that is there", () => {
  const known = knownOf([
    {
      type: "kubernetes:dragonflydb.io/v1alpha1:Dragonfly",
      outputs: { metadata: { namespace: "redis", name: "cache" }, spec: {} },
    },
    {
      type: "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim",
      outputs: {
        metadata: { namespace: "redis", name: "redis-cache" },
        spec: { storageClassName: "ceph-bucket" },
      },
    },
  ]);
  const texts = (changes: Parameters<typeof homeConfig>[0]) =>
    judgeDataLoss(homeConfig(changes), known).problems.map(({ path, text }) => `${path}: ${text}`);

  it("does not go because nobody names it any more, nor its snapshots", () => {
    assert.deepEqual(texts(redisSite()), []);
    const gone = texts({});
    assert.equal(gone.length, 2);
    assert.match(gone[0] ?? "", /instance cache .* its memory would go .* add redis\/cache\./);
    assert.match(gone[1] ?? "", /snapshots of cache .* add redis\/cache\/snapshots$/);
    assert.deepEqual(texts({ allowDataLoss: ["redis/cache", "redis/cache/snapshots"] }), []);
  });
});

import assert from "node:assert/strict";
import { ServiceError } from "../../../components/http/service-error.ts";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { judgeDataLoss } from "../../../stacks/data-loss/look.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { siteExposure } from "../../../stacks/exposure/table.ts";
import { bucketsFolder } from "../../../stacks/parts/backup/volumes.ts";
import { judgeCopies } from "../../../stacks/parts/buckets/look.ts";
import { isNamed, siteViews } from "../../../stacks/parts/names/list.ts";
import { dnsNames } from "../../../stacks/parts/storage/deploy.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { recordedHome } from "../components/home-recording.ts";
import { siteDeps } from "../site-deps.ts";
import { backupSite } from "./backup-site.ts";
import { bucketsSite } from "./buckets-site.ts";
import { homeConfig } from "./sample.ts";

const site = {
  ...bucketsSite({ expireDays: 365, expire: [{ prefix: "thumbs/", days: 30 }] }, { scans: {} }),
  "apps.typeo.logins": [
    { to: "bucket/photos" },
    { to: "bucket/scans", folder: "/run/scans", environment: { S3_FORCE_PATH_STYLE: "pathStyle" } },
  ],
};

describe("a site's buckets", () => {
  it("are not there where nobody asked for them, and are taken where somebody did", () => {
    assert.deepEqual(homeConfig().buckets, {});
    assert.deepEqual(crossCheck(homeConfig(site), "home"), []);
    assert.ok(siteNamespaces(homeConfig(site)).some(({ name }) => name === "buckets"));
    assert.ok(!siteNamespaces(homeConfig()).some(({ name }) => name === "buckets"));
  });

  it("are of the only class that keeps buckets where nothing else is said", () => {
    assert.equal(homeConfig(site).buckets["scans"]?.class, "ceph-bucket");
  });

  it("let who logs in to the gateways alone", () => {
    const policies = networkPolicies(policyPlan(homeConfig(site)));
    const egress = JSON.stringify(
      policies.find(({ name }) => name === "homelab-typeo")?.specs.map((spec) => spec.egress ?? []),
    );
    assert.match(egress, /"app":"rook-ceph-rgw"[^\]]*\].*"8080"/);
    assert.ok(!egress.includes('"namespace":"buckets"'));
  });
});

describe("the graph of a site with buckets", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(site);
  });

  it("goes from storage to the bucket, and to who logs in", () => {
    const claim = recording.waitsFor("bucket-photos-claim");
    assert.ok(claim.has("home-storage-tried-command") && claim.has("home-buckets-namespace"));
    assert.ok(recording.waitsFor("typeo-deployment").has("bucket-photos-claim"));
  });

  it("tells an application its login by variables and by files, and shows no key", () => {
    const data = (name: string) =>
      (recording.get(name).plain as { stringData: Record<string, string> }).stringData;
    const settings = data("typeo-settings");
    assert.equal(settings["AWS_ACCESS_KEY_ID"], "id-of-bucket-photos-key");
    assert.equal(settings["AWS_SECRET_ACCESS_KEY"], "secret-of-bucket-photos-key");
    assert.equal(
      settings["AWS_ENDPOINT_URL_S3"],
      "http://rook-ceph-rgw-ceph-bucket.rook-ceph.svc:80",
    );
    assert.equal(settings["BUCKET_NAME"], "photos");
    assert.equal(settings["S3_FORCE_PATH_STYLE"], "true");
    assert.equal(data("typeo-bucket.scans")["accessKey"], "id-of-bucket-scans-key");
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(!shown.includes("secret-of-bucket") && !shown.includes("id-of-bucket"));
  });
});

describe("buckets that the LAN reaches", () => {
  const lan = {
    ...bucketsSite(),
    "storage.classes": { "ceph-bucket": { kind: "bucket", hostnames: ["s3.home.arpa"] } },
    "gateway.routes.s3": {
      ...{ namespace: "rook-ceph", service: "rook-ceph-rgw-ceph-bucket", port: 80 },
      hostnames: ["s3.home.arpa"],
    },
  };

  it("have a name that is nothing the checks refuse, by a route after the storage", async () => {
    assert.deepEqual(crossCheck(homeConfig(lan), "home"), []);
    const recording = await recordedHome(lan);
    const route = recording.resources.find(({ plain }) =>
      JSON.stringify(plain["spec"] ?? {}).includes("rook-ceph-rgw-ceph-bucket"),
    );
    assert.ok(recording.waitsFor(route?.name ?? "").has("home-storage-tried-command"));
  });

  it("are reached by a name of their own too, with a certificate for such names", async () => {
    const named = {
      ...lan,
      "gateway.routes.s3": {
        ...lan["gateway.routes.s3"],
        hostnames: ["s3.home.arpa", "photos.s3.home.arpa"],
      },
      "certificates.further.s3": { names: ["*.s3.home.arpa"] },
    };
    const config = homeConfig(named);
    assert.deepEqual(crossCheck(config, "home"), []);
    const recording = await recordedHome(named);
    const spec = (name: string) =>
      recording.get(name).plain["spec"] as {
        parentRefs?: { name: string; sectionName?: string }[];
        listeners?: { name: string; hostname?: string }[];
      };
    assert.deepEqual(
      spec("route-s3-route").parentRefs?.map(({ sectionName }) => sectionName),
      ["https-home-arpa", "https-s3-home-arpa"],
    );
    const listener = spec("gateway-lan").listeners?.find(
      ({ name }) => name === "https-s3-home-arpa",
    );
    assert.equal(listener?.hostname, "*.s3.home.arpa");
    assert.deepEqual(
      siteExposure(config).flatMap(({ host, tls }) => (host.includes("s3.") ? [[host, tls]] : [])),
      [
        ["s3.home.arpa", "*.home.arpa"],
        ["photos.s3.home.arpa", "*.s3.home.arpa"],
      ],
    );
    assert.ok(isNamed(config));
    assert.deepEqual(
      siteViews(config).lan.filter(({ name }) => name.includes("s3.")),
      ["photos.s3.home.arpa", "s3.home.arpa"].map((name) => ({ name, address: "10.96.0.80" })),
    );
  });

  it("keep the whole name of their Service, which would be a bucket's else", () => {
    const config = homeConfig(lan);
    const [bucket = assert.fail()] = config.storage?.classes ?? [];
    assert.deepEqual(dnsNames(config, bucket), [
      ...["s3.home.arpa", "rook-ceph-rgw-ceph-bucket.rook-ceph.svc.cluster.local"],
    ]);
    assert.deepEqual(dnsNames(config, { ...bucket, hostnames: [] }), []);
  });
});

describe("the graph of a bucket with a copy outside", () => {
  const copied = {
    ...backupSite(),
    ...bucketsSite({ backup: { keepDays: 90 } }),
    "apps.typeo.logins": [{ to: "bucket/photos" }],
  };
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(copied, { ...siteDeps, listStore: () => Promise.resolve([]) });
  });

  it("fills the bucket before anybody logs in, and before anything gets into its copy", () => {
    const fill = "bucket-photos-copy-fill-command";
    assert.ok(recording.waitsFor(fill).has("bucket-photos-claim"));
    assert.ok(recording.waitsFor(fill).has("bucket-photos-copy-access"));
    assert.ok(recording.waitsFor("bucket-photos-copy-job").has(fill));
    assert.ok(recording.waitsFor("typeo-deployment").has(fill));
  });

  it("shows no key", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    for (const key of ["access-key", "secret-key"])
      assert.ok(!shown.includes(`value-of-op://Homelab/NAS/${key}`), key);
    assert.ok(!shown.includes("id-of-bucket"));
  });

  it("lets what copies to gateways and store alone", () => {
    const specs = networkPolicies(policyPlan(homeConfig(copied))).find(
      ({ name }) => name === "homelab-buckets",
    )?.specs;
    const egress = JSON.stringify(specs?.map((spec) => spec.egress ?? []));
    assert.match(egress, /"app":"rook-ceph-rgw"/);
    assert.match(egress, /"matchName":"nas\.home\.arpa"/);
    assert.ok(!egress.includes("kube-apiserver"));
  });

  it("goes to a folder of the site's own, beside that of volumes", () => {
    const { backup = assert.fail() } = homeConfig(copied);
    assert.equal(bucketsFolder("home", backup), "buckets-home");
    const s3 = { ...backup.s3, folder: "mine" };
    assert.equal(bucketsFolder("home", { ...backup, s3 }), "mine-buckets");
  });
});

describe("what new buckets begin with", () => {
  const config = homeConfig({ ...backupSite(), ...bucketsSite({ backup: {} }, { scans: {} }) });
  const secrets = { reveal: () => "x", get: () => assert.fail("asked for an output") };
  const site = { name: "home", config, secrets };
  const claim = {
    kind: "ObjectBucketClaim",
    namespace: "buckets",
    name: "photos",
    spec: {},
  } as const;
  const away = () =>
    Promise.reject(
      new ServiceError("unreachable", { status: 0 }, "the store nas cannot be reached"),
    );

  it("is said before anything is made: a copy, or nothing", async () => {
    const asked: string[] = [];
    const found = await judgeCopies(site, {}, (_, prefix) => {
      asked.push(prefix);
      return Promise.resolve([
        { key: prefix, bytes: 1, modified: new Date("2026-11-28T03:12:00Z") },
      ]);
    });
    assert.deepEqual(asked, ["buckets-home/photos/copied"]);
    assert.deepEqual(found.notes, [
      "bucket photos begins with its copy of 2026-11-28T03:12:00.000Z",
    ]);
    const { notes } = await judgeCopies(site, {}, () => Promise.resolve([]));
    assert.deepEqual(notes, ["bucket photos begins empty: the store has no whole copy of it"]);
  });

  it("is not taken for nothing where the store cannot be seen, and not asked of buckets that are there", async () => {
    const { problems } = await judgeCopies(site, {}, away);
    assert.equal(problems[0]?.path, "homelab:backup.s3");
    assert.match(problems[0].text, /the store nas cannot be reached; .* not seen is not empty/);
    assert.deepEqual(await judgeCopies(site, { keepers: [claim] }, away), {
      problems: [],
      notes: [],
    });
  });
});

describe("a bucket that is there", () => {
  const claim = (name: string) => ({
    type: "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim",
    outputs: {
      metadata: { namespace: "buckets", name },
      spec: { storageClassName: "ceph-bucket" },
    },
  });
  const texts = (changes: Parameters<typeof homeConfig>[0]) =>
    judgeDataLoss(homeConfig(changes), knownOf([claim("photos")])).problems.map(
      ({ path, text }) => `${path}: ${text}`,
    );

  it("does not go because nobody names it any more", () => {
    assert.deepEqual(texts(bucketsSite()), []);
    const [gone = ""] = texts({});
    assert.match(gone, /the bucket photos .* every object in it would go .* add buckets\/photos$/);
    assert.deepEqual(texts({ allowDataLoss: ["buckets/photos"] }), []);
  });

  it("stays in its class", () => {
    const other = { kind: "bucket" };
    const [moved = ""] = texts({
      ...bucketsSite({ class: "other" }),
      "storage.classes": { "ceph-bucket": other, other },
    });
    assert.match(moved, /buckets\.photos\.class: .* of the class ceph-bucket, and stays there/);
    assert.match(moved, /or declare another bucket/);
  });
});

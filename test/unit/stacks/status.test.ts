import assert from "node:assert/strict";
import { judgeHeard, questionOf } from "../../../stacks/status/answer.ts";
import { declaredStatus } from "../../../stacks/status/declared.ts";
import { endingOf, podsBehind, seenArchives, seenVolumes } from "../../../stacks/status/rows.ts";
import { statusPage } from "../../../stacks/status/page.ts";
import { isNotSeen, type SeenStatus } from "../../../stacks/status/status.ts";
import { statusTables } from "../../../stacks/status/tables.ts";
import { topologyOf } from "../../../stacks/status/topology.ts";
import { siteVersions } from "../../../stacks/status/versions.ts";
import { isOlder } from "../../../stacks/parts/versions/order.ts";
import { versionCell } from "../../../stacks/status/words.ts";
import { siteExposure } from "../../../stacks/exposure/table.ts";
import { versions } from "../../../stacks/parts/versions/schema.ts";
import { statusText } from "../../../scripts/status/text.ts";
import { secretsAs, type Recording } from "../../recorder.ts";
import { recordedHome } from "../components/home-recording.ts";
import { backupSite } from "./backup-site.ts";
import { postgresSite } from "./postgres-site.ts";
import { argocdSite } from "./argocd-site.ts";
import { homeConfig, problemsAfter } from "./sample.ts";
import {
  kubectlOver,
  now,
  wellAnswered,
  wellCluster,
  wholeHome,
  wholeStatus,
} from "./status-site.ts";

const config = homeConfig(wholeHome);

/** Every text that is secret in the inputs of a resource. */
function secretsOf(inputs: unknown): readonly string[] {
  const hidden: unknown[] = [];
  secretsAs(inputs, (value) => hidden.push(value));
  return hidden.flatMap(texts);
}

function texts(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}

function nameOf({ names }: SeenStatus, host: string) {
  return names.find((one) => one.host === host) ?? assert.fail(`${host} is not among the names`);
}

describe("the topology of a site", () => {
  it("has every host with its machines, the networks and the ways in", () => {
    assert.deepEqual(problemsAfter(wholeHome), []);
    const { hosts, ways, announced, cluster } = topologyOf("home", config);
    assert.deepEqual(
      hosts.map(({ name, machines }) => [name, machines.map((one) => one.name)]),
      ["stone", "tank", "titan", "vault"].map((name) => [name, [`proxmox-${name}`]]),
    );
    assert.equal(cluster.api, "192.168.1.20");
    assert.deepEqual(announced, {
      ...{ by: "BGP", asn: 64_512 },
      routers: [{ name: "router", address: "10.0.0.1", asn: 64_513 }],
    });
    assert.deepEqual(
      ways.map(({ from, names, doors }) => [from, names, doors.map(({ what }) => what)]),
      [
        ["public", 1, ["tunnel of Cloudflare"]],
        ["lan", 2, ["gateway lan", "DNS server"]],
        [
          "tailnet",
          2,
          ["connector robbinsdale-connector-0, robbinsdale-connector-1", "gateway home-gateway"],
        ],
      ],
    );
  });

  it("has no way that the site has not", () => {
    const bare = homeConfig({
      ...{ edge: undefined, tailnet: undefined, apps: undefined },
      ...{ "gateway.enabled": false, "names.enabled": false },
    });
    assert.deepEqual(topologyOf("home", bare).ways, []);
  });
});

describe("the versions of a site", () => {
  it("are those that the site file names, in its order, and the applications'", () => {
    const paths = siteVersions(
      homeConfig({ ...wholeHome, logs: {}, argocd: argocdSite()["argocd"] }),
    ).map(({ path }) => path);
    const keys = Object.keys(versions.shape).map((key) => `homelab:versions.${key}`);
    assert.deepEqual(
      paths,
      [...keys, "homelab:apps.typeo.version"].filter((path) => paths.includes(path)),
    );
    for (const key of ["rke2", "kubePrometheusStack", "loki", "argoCd", "image"])
      assert.ok(paths.includes(`homelab:versions.${key}`), key);
  });

  it("leave out what the site does not run", () => {
    const paths = siteVersions(homeConfig({ edge: undefined })).map(({ path }) => path);
    assert.ok(!paths.includes("homelab:versions.cloudflared"));
    assert.ok(!paths.includes("homelab:versions.argoCd"));
  });

  it("say what is out, and what the program could take", () => {
    const one = { what: "x", version: "v1.9.1", path: "p" };
    assert.deepEqual(versionCell(one), { text: "" });
    assert.deepEqual(versionCell({ ...one, newest: "1.9.1" }), { text: "the newest", mood: "ok" });
    assert.deepEqual(versionCell({ ...one, newest: "v1.10.0", known: ["v1.9.1"] }), {
      text: "v1.10.0 is out; pinned: the newest that the program knows",
      mood: "warning",
    });
    assert.equal(isOlder("v1.9.1", "1.10.0"), true);
    assert.equal(isOlder("1.10.0", "v1.10.0"), false);
  });
});

describe("how a name is asked", () => {
  const all = siteExposure(config);
  const ask = (host: string) =>
    questionOf(all.find((one) => one.host === host) ?? assert.fail(host), all, config);

  it("is at its gateway's address on the LAN and the tailnet, and by itself on the internet", () => {
    assert.deepEqual(ask("photos.home.arpa"), {
      ...{ by: "https", at: "10.96.0.80", port: 443, path: "/", name: "photos.home.arpa" },
    });
    assert.deepEqual(ask("listener mqtt"), {
      ...{ by: "tcp", at: "100.101.102.103", port: 1883, path: "/" },
    });
    assert.deepEqual(ask("typeo.example.net"), {
      ...{ by: "https", at: "typeo.example.net", port: 443, path: "/", name: "typeo.example.net" },
    });
  });

  it("is said not to be possible where it is not", () => {
    const twice = homeConfig({
      "apps.typeo.expose": [{ host: "typeo.example.net", to: "lan" }],
      "gateway.internal": { enabled: true },
      "gateway.routes": {
        a: {
          ...{ namespace: "a", service: "a", port: 80, gateway: "internal" },
          hostnames: ["a.home.arpa"],
        },
      },
    });
    const names = siteExposure(twice);
    const said = names.map((one) => questionOf(one, names, twice));
    assert.deepEqual(said[0], "at home this name leads to the gateway there");
    assert.equal(said[2], "homelab:gateway.internal.address does not say where it is");
  });
});

describe("what a name answers", () => {
  const guarded = { to: "public", access: ["family"] } as const;
  const open = { to: "public", access: [] } as const;
  const by = { by: "https" } as const;
  const login = "https://homelab.cloudflareaccess.com/cdn-cgi/access/login/typeo.example.net";

  it("is fine behind Access only where Access is heard", () => {
    assert.equal(judgeHeard(guarded, by, { status: 302, location: login }).severity, "ok");
    assert.equal(judgeHeard(guarded, by, { status: 403 }).severity, "ok");
    for (const heard of [{ status: 200 }, { status: 302, location: "/login" }, { status: 404 }]) {
      const { severity, text } = judgeHeard(guarded, by, heard);
      assert.equal(severity, "error");
      assert.match(text, /without a login: Access does not stand in front/);
    }
    assert.equal(judgeHeard(open, by, { status: 200 }).severity, "ok");
  });

  it("is an error where nobody answers, the backend is away, or the certificate is another's", () => {
    const lan = { to: "lan", access: [] } as const;
    assert.match(judgeHeard(lan, by, new Error("connect ECONNREFUSED")).text, /^does not answer/);
    assert.equal(judgeHeard(lan, by, { status: 503 }).severity, "error");
    assert.equal(judgeHeard(lan, by, { status: 404 }).severity, "warning");
    const certificate = { ends: "2027-01-01T00:00:00Z", fault: "Hostname/IP does not match" };
    assert.equal(judgeHeard(lan, by, { status: 200, certificate }).severity, "error");
    assert.equal(judgeHeard(lan, { by: "tcp" }, {}).text, "takes connections");
  });
});

describe("the status of a site", () => {
  let made: Recording;
  before(async function () {
    this.timeout(240_000);
    made = await recordedHome();
  });

  it("says of each name what is behind it, what it answers, and how long its certificate lasts", async () => {
    const status = await wholeStatus();
    assert.deepEqual(nameOf(status, "photos.home.arpa").pods, { ready: 1, all: 2 });
    assert.equal(nameOf(status, "typeo.example.net").answer?.text, "Access asks for a login");
    assert.equal(nameOf(status, "typeo.example.net").certificate?.days, 83);
    assert.equal(nameOf(status, "play.home.arpa").certificate?.days, 47);
    assert.equal(nameOf(status, "listener mqtt").certificate, undefined);
  });

  it("says of machines what Proxmox and the cluster say, and of versions which is out", async () => {
    const { hosts, versions: all, seen } = await wholeStatus();
    const [machine] = hosts[0]?.machines ?? [];
    assert.equal(hosts[0]?.state, "online");
    assert.equal(machine?.state, "running");
    assert.deepEqual(machine?.node, {
      ...{ state: "Ready", ready: true, cordoned: false, version: "v1.36.3+rke2r1" },
    });
    const newest = all.find(({ path }) => path.endsWith(".certManager"))?.newest;
    assert.equal(newest, "v1.22.0");
    assert.deepEqual(seen.backups, [
      { of: "etcd", where: "the servers' disks", last: "2026-11-29T06:00:00.000Z", hours: 2 },
      { of: "etcd", where: "bucket etcd-snapshots", last: "2026-11-26T06:00:00.000Z", hours: 74 },
    ]);
    assert.deepEqual(seen.storage, { health: "HEALTH_OK", usedGiB: 256, totalGiB: 4096 });
    assert.ok(seen.alerts !== undefined && !isNotSeen(seen.alerts));
    assert.deepEqual(
      seen.alerts.map(({ name }) => name),
      ["UpsOnBattery"],
    );
  });

  it("takes nothing for fine that it could not see", async () => {
    const blind = await wholeStatus({ cluster: undefined, proxmox: undefined });
    const { seen, hosts } = blind;
    for (const found of [seen.alerts, seen.certificates, seen.backups, seen.storage])
      assert.ok(found !== undefined && isNotSeen(found), JSON.stringify(found));
    assert.deepEqual(hosts[0]?.state, { notSeen: "its token cannot be read" });
    assert.deepEqual(hosts[0]?.machines[0]?.node, { notSeen: "there is no cluster yet" });
    const cells = statusTables(blind).flatMap(({ rows }) => rows.flat());
    const unseen = cells.filter(({ text }) => text.startsWith("not seen"));
    assert.ok(unseen.length > 10);
    assert.ok(unseen.every(({ mood }) => mood === "unknown"));
    assert.match(statusText(blind), /^Alerts: not seen: there is no cluster yet$/m);
  });

  it("names what is wrong with names first, with the doctor's findings", async () => {
    const cluster = kubectlOver({
      ...wellCluster(config),
      "endpointslices.discovery.k8s.io": [],
    });
    const { seen } = await wholeStatus({
      cluster,
      askName: (question) =>
        question.name === "typeo.example.net"
          ? Promise.resolve({ status: 200 })
          : wellAnswered(question),
    });
    assert.equal(seen.summary.error, 6);
    assert.deepEqual(seen.findings.at(-1)?.subject, "room in Ceph");
    assert.ok(
      seen.findings.some(
        ({ subject, text }) => /typeo\.example\.net/.test(subject) && /Access/.test(text),
      ),
    );
  });

  it("says how old the newest base backup of each cluster of Postgres is, and where there is none", () => {
    const { postgres = assert.fail("no Postgres") } = homeConfig(postgresSite());
    const [archive = ""] = Object.values(postgres.clusters).map(({ backup }) => backup?.archive);
    const metadata = { name: "main", namespace: "postgres" };
    const window = { [archive]: { lastSuccessfulBackupTime: "2026-11-29T02:30:00Z" } };
    const row = { of: "Postgres main", where: `archive ${archive}` };
    assert.deepEqual(
      seenArchives(postgres, [{ metadata, status: { serverRecoveryWindow: window } }], now),
      [{ ...row, last: "2026-11-29T02:30:00.000Z", hours: 5 }],
    );
    assert.deepEqual(seenArchives(postgres, [{ metadata }], now), [row]);
  });

  it("says how old the newest backup of each volume is, and of an empty one that there is none", () => {
    const config = homeConfig(backupSite());
    const metadata = { namespace: "monitoring", name: "prometheus-db-0" };
    const row = { of: "volume monitoring/prometheus-db-0", where: "bucket volumes" };
    const lastSyncTime = "2026-11-29T03:10:00Z";
    const seen = (logs: string) =>
      seenVolumes(
        config,
        [{ metadata, status: { lastSyncTime, latestMoverStatus: { logs } } }],
        now,
      );
    assert.deepEqual(seen("snapshot 1 saved"), [
      { ...row, last: "2026-11-29T03:10:00.000Z", hours: 4 },
    ]);
    assert.deepEqual(seen("== Directory is empty skipping backup ==="), [row]);
  });

  it("counts a pod once that is in several slices, and one of which nobody says anything as ready", () => {
    const slice = (name: string) => ({
      metadata: { namespace: "a", labels: { "kubernetes.io/service-name": name } },
      endpoints: [{ targetRef: { name: "pod-0" } }, { addresses: ["10.42.0.9"] }],
    });
    const slices = [slice("b"), slice("b"), slice("c"), { metadata: { namespace: "a" } }];
    assert.deepEqual(podsBehind({ backend: "a/b:80" }, slices), { ready: 2, all: 2 });
    assert.deepEqual(podsBehind({ backend: "typeo" }, slices), { ready: 0, all: 0 });
  });

  it("has the cluster's certificate for a name that could not be asked", () => {
    const known = [
      { namespace: "certificates", name: "home-arpa", ready: true, ends: "2026-12-01T08:00:00Z" },
    ];
    assert.equal(endingOf({ tls: "*.home.arpa" }, undefined, known, now)?.days, 2);
    assert.equal(endingOf({ tls: "Cloudflare" }, undefined, known, now), undefined);
    assert.equal(endingOf({ tls: "*.home.arpa" }, undefined, { notSeen: "x" }, now), undefined);
  });

  it("is as much as the config says before anybody is asked", () => {
    const declared = declaredStatus("home", config);
    assert.equal(declared.seen, undefined);
    const titles = statusTables(declared).map(({ title }) => title);
    assert.deepEqual(titles, ["Names", "Hosts and machines", "Versions"]);
  });

  it("holds no secret, and no reference to one", async () => {
    const plain = JSON.stringify(config);
    const hidden = made.resources
      .flatMap(({ inputs }) => secretsOf(inputs))
      .filter((one) => one.length >= 8 && !plain.includes(one));
    assert.ok(hidden.some((one) => one.startsWith("value-of-")));
    const status = await wholeStatus();
    for (const text of [JSON.stringify(status), statusText(status), statusPage(status, "")]) {
      assert.deepEqual(
        hidden.filter((one) => text.includes(one)),
        [],
      );
      assert.doesNotMatch(text, /op:\/\/|value-of-|PRIVATE KEY/);
    }
  });
});

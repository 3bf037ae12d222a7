import assert from "node:assert/strict";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import type { KnownClaim } from "../../../components/storage/known.ts";
import { knownWorkloads } from "../../../components/workload/known.ts";
import { judgeVolumes } from "../../../stacks/apps/data/look.ts";
import { judgeVersions } from "../../../stacks/apps/data/version-look.ts";
import { siteVolumes } from "../../../stacks/apps/data/volumes.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { wantedBackups } from "../../../stacks/parts/backup/volumes.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { depsIn, siteDeps } from "../site-deps.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { appsSite } from "./apps-site.ts";
import { target } from "./backup-site.ts";
import { homeConfig, type Changes } from "./sample.ts";

/** What the state of a site with all applications has of claims. */
const claims: readonly KnownClaim[] = siteVolumes(homeConfig(appsSite())).map(
  ({ namespace, name, data, class: named, sizeGiB, shared }) => ({
    ...{ namespace, name, data, class: named, sizeGiB, shared },
  }),
);

const judged = (changes: Changes) => judgeVolumes(homeConfig(changes), { volumes: claims });
const problems = (changes: Changes) =>
  judged(changes).problems.map(({ path, text }) => `${path}: ${text}`);

const known = (): Promise<Known> =>
  Promise.resolve({ machines: [], pools: [], pciMappings: [], usbMappings: [], volumes: claims });

describe("volumes of applications", () => {
  it("are in the class that is in force, by name, and say what they are called", () => {
    assert.deepEqual(crossCheck(homeConfig(appsSite()), "home"), []);
    const of = (data: string) => claims.find((one) => one.data === data);
    assert.equal(of("apps/home-assistant/config")?.class, "ceph-block");
    assert.deepEqual(of("libraries/media"), {
      ...{ namespace: "media", name: "media", data: "libraries/media" },
      ...{ class: "ceph-filesystem", sizeGiB: 500, shared: true },
    });
  });

  it("say of each whether it is worth a copy elsewhere, and whose its files are", () => {
    const volumes = siteVolumes(homeConfig(appsSite()));
    const not = volumes.filter(({ backup }) => !backup).map(({ data }) => data);
    assert.deepEqual(not.sort(), [
      "apps/home-assistant/packages",
      "apps/immich-machine-learning/models",
      "libraries/media",
    ]);
    assert.ok(volumes.every(({ owner }) => owner.uid > 0 && owner.gid > 0));
  });

  it("neither shrink, nor move to another class, nor change who uses them", () => {
    assert.deepEqual(problems(appsSite()), []);
    assert.deepEqual(problems(appsSite({ "libraries.media.sizeGiB": 900 })), []);
    assert.match(
      problems(appsSite({ "libraries.media.sizeGiB": 400 })).join(),
      /^homelab:libraries\.media\.sizeGiB: the volume has 500 GiB, and none shrinks; write 500 or more$/,
    );
    const classes = {
      ...{ "ceph-block": { kind: "block" }, fast: { kind: "block", default: true } },
      "ceph-filesystem": { kind: "file" },
    };
    assert.match(
      problems(appsSite({ "storage.classes": classes }))[0] ?? "",
      /^homelab:apps\.home-assistant\.volumes\.config\.class: the volume is of the class ceph-block.*write class: ceph-block$/,
    );
  });

  it("stay when their application goes, and are told of in each run", () => {
    const gone = { "apps.home-assistant": undefined };
    const { found, problems: against, notes } = judged(appsSite(gone));
    assert.deepEqual(against, []);
    assert.deepEqual(
      found.map(({ namespace, volumes }) => [namespace.name, volumes.map(({ name }) => name)]),
      [["home-assistant", ["home-assistant-config", "home-assistant-packages"]]],
    );
    assert.match(
      notes[0] ?? "",
      /home-assistant\/home-assistant-config \(10 GiB\).*add apps\/home-assistant\/config to homelab:allowDataLoss/,
    );
  });

  it("go once allowDataLoss names them, one or all of an application's", () => {
    const gone = { "apps.home-assistant": undefined };
    const kept = (allowDataLoss: readonly string[]) =>
      judged(appsSite({ ...gone, allowDataLoss })).found.flatMap(({ volumes }) =>
        volumes.map(({ name }) => name),
      );
    assert.deepEqual(kept(["apps/home-assistant/packages"]), ["home-assistant-config"]);
    assert.deepEqual(kept(["apps/home-assistant"]), []);
  });

  it("are not left behind by storage that goes", () => {
    const without = { storage: { enabled: false } };
    assert.match(
      problems(without).join("\n"),
      /homelab:storage: apps\/home-assistant\/config is kept in the class ceph-block, which would go/,
    );
  });
});

describe("the graph of a site whose application is gone", () => {
  const volume = (name: string, recording: Awaited<ReturnType<typeof recordedHome>>) =>
    recording.get(`${name}-claim`);

  it("has its namespace and its volumes as they were, and nothing else of it", async () => {
    const before = await recordedHome(appsSite());
    const gone = { "apps.home-assistant": undefined };
    const after = await recordedHome(appsSite(gone), { ...depsIn({}), known });
    for (const name of ["home-assistant-config", "home-assistant-packages"]) {
      assert.deepEqual(volume(name, after).shown, volume(name, before).shown);
      assert.deepEqual(volume(name, after).parent, volume(name, before).parent);
    }
    assert.deepEqual(
      after.get("home-assistant-namespace").parent,
      before.get("home-assistant-namespace").parent,
    );
    const own = after.resources.filter(({ name }) => name.startsWith("home-assistant"));
    assert.deepEqual(own.map(({ name }) => name).sort(), [
      ...["home-assistant-config", "home-assistant-config-claim", "home-assistant-data"],
      ...["home-assistant-namespace", "home-assistant-packages", "home-assistant-packages-claim"],
    ]);
  });

  it("keeps what is in the namespace of a library that others use", async () => {
    const gone = { "apps.sonarr": undefined };
    const after = await recordedHome(appsSite(gone), { ...depsIn({}), known });
    assert.ok(after.find("sonarr-config-claim"));
    assert.equal(after.find("sonarr-deployment"), undefined);
    assert.equal(after.resources.filter(({ name }) => name === "media-namespace").length, 1);
  });
});

describe("the graph of a site with every application", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(appsSite(), siteDeps);
  });

  it("goes from storage to volumes, to stores, to pods", () => {
    const order = recording.waitsFor("immich-deployment");
    for (const name of [
      ...["immich-library-claim", "immich-namespace", "immich-settings", "immich-service"],
      ...["postgres-photos-applied-command", "redis-queue-ready-command"],
    ])
      assert.ok(order.has(name), name);
    assert.ok(recording.waitsFor("immich-library-claim").has("home-storage-tried-command"));
  });

  it("has one media volume at one root for all, so that hard links are of one volume", () => {
    for (const name of ["sonarr", "radarr", "bazarr", "qbittorrent", "plex"]) {
      const deployment = recording.get(`${name}-deployment`).shown;
      assert.equal(at(deployment, "metadata.namespace"), "media");
      const mounts = at(deployment, "spec.template.spec.containers[0].volumeMounts");
      const media = (mounts as readonly { readonly name: string }[]).find(
        (one) => one.name === "media",
      );
      assert.deepEqual(media, {
        ...{ name: "media", mountPath: "/media" },
        ...(name === "plex" ? { readOnly: true } : {}),
      });
    }
  });

  it("admits more than restricted pods where a container says why, and nowhere else", () => {
    const levels = siteNamespaces(homeConfig(appsSite()))
      .filter(({ security = "restricted" }) => security !== "restricted")
      .map(({ name, security }) => [name, security]);
    assert.deepEqual(levels, [
      ["rook-ceph", "privileged"],
      ["monitoring", "privileged"],
      ["tailscale", "privileged"],
      ["media", "privileged"],
    ]);
    const { annotations } = recording.get("media-namespace").shown["metadata"] as {
      readonly annotations: Readonly<Record<string, string>>;
    };
    assert.match(annotations["homelab/exceptions.vpn"] ?? "", /^root: .*\n.*\n.*NET_ADMIN/);
  });

  it("shows no secret", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(!shown.includes("value-of-op://Homelab/VPN/private-key"));
    assert.deepEqual(recording.get("qbittorrent-vpn").plain["stringData"], {
      WIREGUARD_PRIVATE_KEY: "value-of-op://Homelab/VPN/private-key",
    });
  });
});

describe("volumes of applications where a site has backups", () => {
  const backup = { s3: target, password: "op://Homelab/Backup/password" };
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    const deps = { ...depsIn({}), listStore: () => Promise.resolve([]) };
    recording = await recordedHome(appsSite({ backup }), deps);
  });

  it("begin with what was saved of them, before their pods start, and are saved from then on", () => {
    const claim = recording.get("home-assistant-config-claim");
    assert.deepEqual(at(claim.shown, "spec.dataSourceRef"), {
      apiGroup: "volsync.backube",
      ...{ kind: "ReplicationDestination", name: "home-assistant-config" },
    });
    const order = (name: string) => recording.waitsFor(name);
    assert.ok(order("home-assistant-config-claim").has("home-assistant-config-destination"));
    assert.ok(order("home-assistant-deployment").has("home-assistant-config-claim"));
    assert.ok(order("home-assistant-config-backup").has("home-assistant-config-claim"));
    // One of both alone makes the repository.
    assert.ok(order("home-assistant-config-backup").has("home-assistant-config-destination"));
    assert.deepEqual(
      at(recording.get("home-assistant-config-destination").plain, "metadata.annotations"),
      { "pulumi.com/waitFor": "jsonpath={.status.lastManualSync}=first" },
    );
    const mover = at(
      recording.get("home-assistant-config-backup").shown,
      "spec.restic.moverSecurityContext",
    );
    assert.deepEqual([at(mover, "runAsUser"), at(mover, "fsGroup")], [1000, 1000]);
  });

  it("are left out where they can be made or had again", () => {
    for (const name of ["home-assistant-packages", "immich-machine-learning-models", "media"]) {
      assert.equal(at(recording.get(`${name}-claim`).shown, "spec.dataSourceRef"), undefined);
      assert.equal(recording.find(`${name}-backup`), undefined);
    }
  });

  it("are found by their application where somebody brings one back", () => {
    const wanted = wantedBackups(homeConfig(appsSite({ backup })));
    const of = (app: string) => wanted.filter((one) => one.app === app).map(({ claim }) => claim);
    assert.deepEqual(of("plex"), ["plex-config"]);
    assert.deepEqual(of("immich"), ["immich-library"]);
  });

  it("are saved no more once their application is gone", async () => {
    const deps = { ...depsIn({}), known, listStore: () => Promise.resolve([]) };
    const after = await recordedHome(appsSite({ backup, "apps.immich": undefined }), deps);
    assert.ok(after.find("immich-library-claim"));
    assert.equal(after.find("immich-library-backup"), undefined);
  });
});

describe("a step of an application that keeps data to another version", () => {
  const said = (before: string, version: string) => {
    const workloads = knownWorkloads([
      {
        type: "kubernetes:apps/v1:Deployment",
        outputs: {
          metadata: { namespace: "immich", name: "immich" },
          spec: { template: { spec: { containers: [{ name: "immich", image: before }] } } },
        },
      },
    ]);
    const config = homeConfig(appsSite({ "apps.immich.version": version }));
    return judgeVersions(config, { workloads }).notes;
  };
  const image = (tag: string): string => `ghcr.io/immich-app/immich-server:${tag}`;

  it("says what its recipe knows of it, when it is taken and not before or after", () => {
    assert.match(
      said(image("v2.7.5"), "v3.1.0").join(),
      /since 3\.0\.0 it takes VectorChord alone/,
    );
    assert.deepEqual(said(image("v3.0.0"), "v3.1.0"), []);
    assert.deepEqual(said(image("v2.7.0"), "v2.7.5"), []);
  });

  it("back is told of: few read what a newer version has written", () => {
    const digest = `@sha256:${"ab".repeat(32)}`;
    assert.match(
      said(image(`v3.1.0${digest}`), "v3.0.2").join(),
      /^immich goes back from v3\.1\.0 to v3\.0\.2: .*restore the backup/,
    );
    assert.deepEqual(said(image("v3.1.0"), `v3.1.0${digest}`), []);
  });
});

import assert from "node:assert/strict";
import { parse } from "yaml";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { domainsNeeded, overhead, usableGiB } from "../../../components/storage/classes.ts";
import { bucketSpec, volumeSpec } from "../../../components/storage/claim.ts";
import { mutedWarnings } from "../../../components/storage/cluster-spec.ts";
import { clusterValues } from "../../../components/storage/cluster-values.ts";
import { driverValues, operatorValues } from "../../../components/storage/operator-values.ts";
import { expected, trials } from "../../../components/storage/proof.ts";
import { memoryNeededGiB } from "../../../components/storage/requests.ts";
import { storageClassForm } from "../../../components/storage/storage-classes.ts";
import { at } from "./at.ts";
import { recordedHome } from "./home-recording.ts";
import { violations, type Schema } from "./json-schema.ts";
import { kindSchema, valuesSchema } from "./lab-schema.ts";
import { classes, cluster, machines } from "./storage-plan.ts";

const specOf = (kind: string): Schema =>
  kindSchema(`charts/rook-ceph/schemas/${kind}.json`).properties?.["spec"] ?? assert.fail(kind);

interface Values {
  readonly cephClusterSpec: {
    readonly storage: { readonly nodes: readonly unknown[]; readonly useAllDevices: boolean };
    readonly security: unknown;
    readonly healthCheck: { readonly muteHealthWarning: Readonly<Record<string, unknown>> };
  };
  readonly cephBlockPools: readonly { readonly name: string; readonly spec: object }[];
  readonly cephECBlockPools: readonly {
    readonly spec: { readonly dataPool: object; readonly metadataPool: object };
  }[];
  readonly cephFileSystems: readonly { readonly spec: object }[];
  readonly cephObjectStores: readonly { readonly spec: object }[];
}

const values = clusterValues(cluster) as unknown as Values;

describe("the storage's values", () => {
  it("make what serves volumes end last when a machine shuts down", () => {
    const chart = parse(readFileSync("lab/charts/rook-ceph-cluster/values.yaml", "utf8")) as Values;
    const classOf = (daemon: string): unknown =>
      [values, chart]
        .map((given) => at(given, `cephClusterSpec.priorityClassNames.${daemon}`))
        .find((found) => found !== undefined);
    assert.deepEqual(["osd", "mon", "mgr"].map(classOf), [
      "system-node-critical",
      "system-node-critical",
      "system-cluster-critical",
    ]);
    assert.equal(
      at(driverValues(cluster), "operatorConfig.driverSpecDefaults.nodePlugin.priorityClassName"),
      "system-node-critical",
    );
    for (const { spec } of values.cephFileSystems)
      assert.equal(
        at(spec, "metadataServer.priorityClassName"),
        "system-node-critical",
        "file systems",
      );
    assert.ok(values.cephFileSystems.length > 0);
  });

  for (const [chart, given] of [
    ["rook-ceph", operatorValues({ monitoring: true })],
    ["ceph-csi-drivers", driverValues(cluster)],
    ["rook-ceph-cluster", values],
  ] as const)
    it(`fit the schema of the chart ${chart}`, () => {
      assert.deepEqual(violations(valuesSchema(chart), given), []);
    });

  it("are custom resources that the API server takes as they are", () => {
    const { cephClusterSpec, cephBlockPools, cephECBlockPools } = values;
    const pools = [
      ...cephBlockPools.map(({ spec }) => spec),
      ...cephECBlockPools.flatMap(({ spec }) => [spec.dataPool, spec.metadataPool]),
    ];
    const found = [
      // The chart's own values complete it.
      ...violations(specOf("cephcluster"), cephClusterSpec),
      ...pools.flatMap((spec) => violations(specOf("cephblockpool"), spec)),
      ...values.cephFileSystems.flatMap(({ spec }) => violations(specOf("cephfilesystem"), spec)),
      ...values.cephObjectStores.flatMap(({ spec }) => violations(specOf("cephobjectstore"), spec)),
    ];
    assert.deepEqual(found, []);
  });

  it("take the named disks of the machines and no others", () => {
    const { storage } = values.cephClusterSpec;
    assert.equal(storage.useAllDevices, false);
    assert.deepEqual(storage.nodes[0], {
      name: "proxmox-stone",
      devices: [{ name: "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi1" }],
    });
  });

  it("leave out rules that the chart has, and no others", () => {
    const file = new URL("../../../lab/charts/rook-ceph-cluster/files/rules.json", import.meta.url);
    const { groups } = JSON.parse(readFileSync(file, "utf8")) as {
      readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
    };
    const has = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    const { monitoring } = clusterValues({ ...cluster, monitoring: true }) as {
      readonly monitoring: { readonly prometheusRuleOverrides: Readonly<Record<string, object>> };
    };
    const { prometheusRuleOverrides: overrides } = monitoring;
    assert.deepEqual(overrides, { CephNodeDiskspaceWarning: { disabled: true } });
    assert.deepEqual(
      Object.keys(overrides).filter((name) => !has.includes(name)),
      [],
    );
  });

  it("mute what keys of the old type are warned of, and nothing else", () => {
    const { muteHealthWarning } = values.cephClusterSpec.healthCheck;
    assert.deepEqual(Object.keys(muteHealthWarning), [...mutedWarnings]);
    assert.ok(mutedWarnings.every((code) => code.startsWith("AUTH_INSECURE_")));
    assert.deepEqual(values.cephClusterSpec.security, { cephx: { csi: { keyType: "aes" } } });
  });

  it("keep copies apart by host, which CRUSH calls a zone, and by rack, which it calls a region", () => {
    assert.deepEqual(values.cephBlockPools[0]?.spec, {
      failureDomain: "zone",
      // Or copies stay together by the domain that the pool was made with.
      enableCrushUpdates: true,
      replicated: { size: 3, requireSafeReplicaSize: true },
      parameters: { compression_mode: "none" },
    });
    const bucket = values.cephObjectStores[0]?.spec as { dataPool: { failureDomain: string } };
    assert.equal(bucket.dataPool.failureDomain, "region");
  });

  it("have Ceph warn of monitors' disks after the kubelet has removed images, and of slow disks for minutes", () => {
    const config = at(values, "cephClusterSpec.cephConfig");
    assert.equal(at(config, "mon.mon_data_avail_warn"), "10");
    assert.equal(at(config, "osd.bluestore_slow_ops_warn_lifetime"), "600");
  });

  it("say how a pool compresses where it does not, or it would go on as before", () => {
    assert.equal(at(values.cephBlockPools[0]?.spec, "parameters.compression_mode"), "none");
    const pieces = at(values.cephECBlockPools[0]?.spec, "dataPool.parameters.compression_mode");
    assert.equal(pieces, "aggressive");
  });

  it("have Ceph give up the disks of a lost host, and not those of a lost rack", () => {
    const limit = at(values, "cephClusterSpec.cephConfig.mon.mon_osd_down_out_subtree_limit");
    assert.equal(limit, "region");
  });

  it("keep what all object stores share in as many copies as the class with most asks for", () => {
    const [bucket] = classes.filter(({ kind }) => kind === "bucket");
    const scratch = { ...bucket!, name: "scratch", replicas: 1 };
    for (const stores of [
      [bucket!, scratch],
      [scratch, bucket!],
    ]) {
      const { cephObjectStores } = clusterValues({
        ...cluster,
        classes: stores,
      }) as never as Values;
      const sizes = (pool: string): readonly unknown[] =>
        cephObjectStores.map(({ spec }) => at(spec, `${pool}.replicated.size`));
      assert.deepEqual(sizes("metadataPool"), [3, 3]);
      assert.deepEqual([...sizes("dataPool")].sort(), [1, 3]);
    }
  });

  it("tell gateways of their names where they have any, and Rook adds their Service's", () => {
    const hosting = (of: Values) => at(of.cephObjectStores[0]?.spec, "hosting");
    const nameless = classes.map((one) => ({ ...one, dnsNames: [] }));
    assert.deepEqual(hosting(values), { dnsNames: ["s3.home.arpa"] });
    assert.equal(
      hosting(clusterValues({ ...cluster, classes: nameless }) as unknown as Values),
      undefined,
    );
  });

  it("keep monitors on machines of their own, on three hosts", () => {
    assert.deepEqual(at(values, "cephClusterSpec.mon"), { count: 3, allowMultiplePerNode: false });
    const spread = at(values, "cephClusterSpec.placement.mon.topologySpreadConstraints[0]");
    assert.equal(at(spread, "topologyKey"), "topology.kubernetes.io/zone");
    assert.equal(at(spread, "whenUnsatisfiable"), "DoNotSchedule");
  });

  it("have the manager keep its own pool as the hosts allow, or Ceph would never be healthy on one", () => {
    const own = ({ cephBlockPools }: Values): unknown => cephBlockPools.at(-1)?.spec;
    assert.deepEqual(
      [
        at(own(values), "name"),
        at(own(values), "failureDomain"),
        at(own(values), "replicated.size"),
      ],
      [".mgr", "zone", 3],
    );
    const [machine] = machines;
    assert.ok(machine);
    const two = { ...machine, disks: [1, 2].map((slot) => ({ slot, sizeGiB: 250 })) };
    const alone = clusterValues({ ...cluster, machines: [two], nodes: 1 }) as unknown as Values;
    assert.deepEqual(
      [at(own(alone), "failureDomain"), at(own(alone), "replicated.size")],
      ["osd", 2],
    );
    assert.equal(at(alone, "cephClusterSpec.cephConfig.global.osd_pool_default_size"), "2");
    // Rook asks Ceph nothing before it restarts one of two disks.
    assert.equal(at(alone, "cephClusterSpec.upgradeOSDRequiresHealthyPGs"), true);
    assert.equal(at(values, "cephClusterSpec.upgradeOSDRequiresHealthyPGs"), undefined);
  });

  it("have one of everything on a site of one machine, whose disks alone can tell of each other", () => {
    const one = { ...cluster, machines: machines.slice(0, 1), nodes: 1 };
    const alone = clusterValues(one) as unknown as Values;
    assert.equal(at(alone, "cephClusterSpec.mon.count"), 1);
    assert.equal(at(alone, "cephClusterSpec.mgr.count"), 1);
    assert.equal(at(alone.cephObjectStores[0], "spec.gateway.instances"), 1);
    // Two of them never share a node: the second would wait for ever.
    assert.equal(at(driverValues(one), "drivers.rbd.controllerPlugin.replicas"), 1);
    assert.equal(at(driverValues(cluster), "drivers.rbd.controllerPlugin.replicas"), 2);
    const reporters = "cephClusterSpec.cephConfig.mon.mon_osd_min_down_reporters";
    assert.equal(at(alone, reporters), "1");
    assert.equal(at(values, reporters), undefined);
  });

  it("name the drivers with the operator's namespace, each with a snapshotter", () => {
    const { drivers } = driverValues(cluster) as {
      drivers: Record<string, { enabled: boolean; name: string; snapshotPolicy?: string }>;
    };
    const on = Object.values(drivers).filter(({ enabled }) => enabled);
    assert.deepEqual(
      on.map(({ name, snapshotPolicy }) => [name, snapshotPolicy]),
      [
        ["rook-ceph.rbd.csi.ceph.com", "volumeSnapshot"],
        ["rook-ceph.cephfs.csi.ceph.com", "volumeSnapshot"],
      ],
    );
  });
});

describe("a site's storage", () => {
  it("takes disks once every node has its labels: Rook puts a disk where its host is by then", async () => {
    const waits = (await recordedHome({ storage: undefined })).waitsFor("rook-ceph-cluster");
    for (const { name } of machines) assert.ok(waits.has(`${name}-labels`), name);
  });
});

describe("classes of storage", () => {
  it("cost what their copies or pieces cost", () => {
    assert.deepEqual(classes.map(overhead), [3, 1.5, 3, 1.5, 3]);
    assert.equal(domainsNeeded({ replicas: 2, erasureCoding: { data: 4, coding: 2 } }), 6);
  });

  it("may use what is left without the largest host, up to where Ceph warns", () => {
    assert.equal(usableGiB(machines), 2550);
    const two = { name: "proxmox-vault-2", host: "vault", disks: [{ slot: 1, sizeGiB: 1000 }] };
    assert.equal(usableGiB([...machines, two]), 2550);
    assert.equal(usableGiB([]), 0);
    const disks = [500, 1000, 500].map((sizeGiB, i) => ({ slot: i + 1, sizeGiB }));
    assert.equal(usableGiB([{ name: "proxmox-hut", host: "hut", disks }]), 850);
  });

  it("point coded volumes at the pool with the pieces, and at the one with their metadata", () => {
    const [, block, , file, bucket] = classes.map(storageClassForm);
    assert.equal(block?.parameters["pool"], "coded-block-metadata");
    assert.equal(block.parameters["dataPool"], "coded-block");
    assert.equal(file?.parameters["pool"], "coded-file-data1");
    assert.equal(bucket?.provisioner, "rook-ceph.ceph.rook.io/bucket");
  });

  it("are waited for with all that is behind them, and tried anew only when they change", () => {
    const lives = new Map(machines.map(({ name }) => [name, `gen-of-${name}`]));
    assert.deepEqual(expected({ ...cluster, lives }), {
      PATIENCE: "1200",
      GIB: "4000",
      DISKS: machines.map(({ name }) => `${name} 1 gen-of-${name}`).join("\n"),
      POOLS:
        "cephblockpool/ceph-block cephblockpool/coded-block cephblockpool/coded-block-metadata " +
        "cephfilesystem/ceph-filesystem cephfilesystemsubvolumegroup/ceph-filesystem-csi " +
        "cephfilesystem/coded-file cephfilesystemsubvolumegroup/coded-file-csi cephobjectstore/ceph-bucket",
    });
    const again = classes.map((one) => ({ ...one, reclaim: "Retain" as const, default: false }));
    assert.deepEqual(trials({ classes: again }), trials(cluster));
    const fewer = classes.map((one) => ({ ...one, replicas: 2 }));
    assert.notDeepEqual(trials({ classes: fewer }), trials(cluster));
  });

  it("are claimed by volumes and buckets", () => {
    const claim = { namespace: "immich", name: "library", sizeGiB: 100 };
    assert.deepEqual(volumeSpec({ ...claim, class: "ceph-filesystem", shared: true }), {
      storageClassName: "ceph-filesystem",
      accessModes: ["ReadWriteMany"],
      resources: { requests: { storage: "100Gi" } },
    });
    const bucket = { namespace: "loki", name: "logs", class: "ceph-bucket", maxSizeGiB: 50 };
    assert.deepEqual(violations(specOf("objectbucketclaim"), bucketSpec(bucket)), []);
  });

  it("leave a server of 13 GiB with one disk nothing for applications", () => {
    assert.equal(memoryNeededGiB("server", 1), 13);
    assert.equal(memoryNeededGiB("server", 1, true), 14);
  });
});

describe("storage's scripts", () => {
  const text = (file: string): string =>
    readFileSync(new URL(`../../../components/storage/scripts/${file}`, import.meta.url), "utf8");
  const run = (call: string): string =>
    execFileSync("bash", ["-s"], { input: `${text("osds.sh")}\n${call}`, encoding: "utf8" });

  it("wait, where data is to go, until Rook has emptied the disks of each machine", () => {
    const after = (jobs: string): string => {
      const stubs = `set -euo pipefail
        NAMESPACE=rook-ceph WIPED="stone tank"
        take_turn() { :; }
        fail() { echo "failed: $1"; exit 0; }
        wait_until() { shift; "$@" >/dev/null; }
        kube() { case "$*" in *"get crd"*) echo there ;; ${jobs} esac; }`;
      return execFileSync("bash", ["-s"], {
        input: `${stubs}\n${text("gone.sh")}`,
        encoding: "utf8",
      });
    };
    assert.equal(after("*cleanup-job-*succeeded*) echo 1 ;;"), "");
    const said = after("*cleanup-job-stone*succeeded*) echo 1 ;;");
    assert.match(said, /^failed: the disks of tank .* Rook has made no job for it/);
  });

  /** Ceph has 3 of `one`, 7 of `two`, and 13 of `three`. */
  const dump = ["max_osd 14", ...["3 one", "7 two", "13 three"].map(line)].join("\n");

  it("purge only those disks that Ceph still knows", () => {
    const known = (disks: string): string => {
      const script = run(`known_to_ceph "${disks}"`);
      const asked = `set -euo pipefail\nceph() { echo '${dump}'; }\n${script}\necho $known`;
      return execFileSync("bash", ["-c", asked], { encoding: "utf8" }).trim();
    };
    assert.equal(known("3 7 8"), "3 7");
    assert.equal(known("gone two"), "7", "a number alone may belong to another disk by now");
    assert.equal(known("gone"), "");
    const silent = `set -euo pipefail\nceph() { return 1; }\n${run('known_to_ceph "3"')}\necho went on`;
    assert.equal(spawnSync("bash", ["-c", silent], { encoding: "utf8" }).stdout, "");
  });

  it("take nothing out that runs, and nothing while Ceph does not answer", () => {
    const waited = (disks: string, ceph: string): number | null => {
      const script = run(`until_down "${disks}"`).replace("SECONDS > 240", "1");
      const asked = `set -euo pipefail\nceph() { ${ceph}; }\n${script}`;
      return spawnSync("bash", ["-c", asked]).status;
    };
    assert.equal(waited("gone two", `echo '${dump}'`), 1);
    assert.equal(waited("gone two", `echo '${dump.replaceAll(" up ", " down ")}'`), 0);
    assert.equal(waited("gone", `echo '${dump}'`), 0);
    assert.equal(waited("gone", "return 1"), 1);
  });

  /** Of stone's machine this is the first life, of tank's the third. `one` moved by hand from tank to stone. */
  const stubs = `set -euo pipefail
    NAMESPACE=rook-ceph
    DISKS=$'stone 1 gen-1\ntank 1 gen-3\ntitan 1 gen-4'
    put() { cat; }
    ask_ceph() { printf 'ask %s\n%s\n' "$1" "$3"; }
    in_rook() {
      case "$*" in
        "get deployments"*) printf '%s\n' "$deployments" ;;
        "get configmap"*) printf '%s\n' "$lives_known" ;;
        *) echo "$*" >>"$calls" ;;
      esac
    }`;
  const inRook = (
    call: string,
    deployments: readonly string[],
    known: readonly string[],
  ): { readonly said: string; readonly calls: string } => {
    const folder = mkdtempSync(join(tmpdir(), "osds-"));
    try {
      const calls = join(folder, "calls");
      writeFileSync(calls, "");
      const input = `${stubs}\n${text("osds.sh")}\n${call}`;
      const env = {
        ...process.env,
        ...{ deployments: deployments.join("\n"), lives_known: known.join("\n"), calls },
      };
      const said = execFileSync("bash", ["-s"], { input, encoding: "utf8", env });
      return { said, calls: readFileSync(calls, "utf8") };
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  const running = ["stone 0 a 1", "tank 1 b ", "tank 4 c 1", "titan 2 d ", "stone 5 e 1"];
  const seen = ["a stone gen-1", "b tank gen-2", "d titan gen-4", "e tank gen-2", "f tank gen-1"];

  it("take out those disks alone that went with a former life of their machine", () => {
    const { said } = inRook(
      'for node in stone tank titan; do echo "$(former_osds $node)"; done',
      running,
      seen,
    );
    assert.equal(said, "\nb f\n\n", "one that is down is not one whose disk is gone");
  });

  it("remember each disk by its UUID, with the life of the machine on which it ran last", () => {
    const kept = parse(inRook("remember_lives", running, seen).said) as { data: unknown };
    assert.deepEqual(kept.data, {
      a: "stone gen-1",
      b: "tank gen-2",
      c: "tank gen-3",
      d: "titan gen-4",
      e: "stone gen-1",
      f: "tank gen-1",
    });
  });

  it("leave a new disk alone that was given the number of a purged one", () => {
    // The run before was killed after the purge: Ceph gave number 1 again, and knows no `b`.
    const after = ["tank 1 new 1", "stone 0 a 1"];
    const { said, calls } = inRook('forget_osds tank "$(former_osds tank)" 2>&1', after, [
      "b tank gen-2",
      "a stone gen-1",
    ]);
    assert.equal(calls, "", "no daemon is taken away");
    assert.match(said, /ask purge-tank[^]*\(b\)/);
    assert.deepEqual((parse(said.slice(said.indexOf("apiVersion"))) as { data: unknown }).data, {
      a: "stone gen-1",
    });
  });

  it("leave a new disk alone that runs under the Deployment of a former one", () => {
    // After a restore of an older snapshot, or by hand: Ceph has number 1 with another UUID than the Deployment.
    const { said, calls } = inRook(
      'forget_osds tank "$(former_osds tank)" 2>&1',
      ["tank 1 b 1"],
      ["b tank gen-2"],
    );
    assert.equal(calls, "delete deployment rook-ceph-osd-1 --ignore-not-found --wait=false\n");
    assert.match(said, /\(b\)\$\/\\1\/p" <<<"\$dump"/, "the number is not asked for");
    assert.doesNotMatch(said, /\(1/);
  });

  it("take a daemon away before its number is free, and know until the end what to purge", () => {
    const cut = `ask_ceph() { echo "killed" >&2; return 1; }\nforget_osds tank "b f" 2>&1 || echo cut off`;
    const { said, calls } = inRook(cut, running, seen);
    assert.equal(calls, "delete deployment rook-ceph-osd-1 --ignore-not-found --wait=false\n");
    assert.equal(said, "killed\ncut off\n", "nothing is forgotten");
    // Its Deployment is gone by then.
    const again = inRook("former_osds tank", ["tank 4 c 1"], seen);
    assert.equal(again.said.trim(), "b e f");
  });

  it("drain of a leaving machine what has a daemon there, and what had one", () => {
    assert.equal(inRook("disks_of tank", running, seen).said.trim(), "1 b 4 c f");
    assert.equal(inRook("disks_of vault", running, seen).said.trim(), "");
  });

  it("take in again what runs and was put out by hand, on machines that give disks", () => {
    const script = inRook(`take_in $'stone\\ntank'`, running, []).said;
    const states = [
      ["0", "up   out", "exists,up"],
      ["1", "down out", "exists"],
      ["2", "up   out", "exists,up"],
      ["4", "up   out", "autoout,exists,up"],
      ["5", "up   in ", "exists,up"],
    ];
    const found = states.map(([id, is, state]) => `osd.${id} ${is} weight 0 up_from 9 ${state} u`);
    const ceph = `ceph() { if [[ $* == "osd dump" ]]; then echo '${found.join("\n")}'; else echo "$*"; fi; }`;
    const asked = `set -euo pipefail\n${ceph}\n${script}`;
    assert.equal(execFileSync("bash", ["-c", asked], { encoding: "utf8" }), "osd in 0\n");
    const all = asked.replaceAll(" out ", " in  ");
    assert.equal(execFileSync("bash", ["-c", all], { encoding: "utf8" }), "");
  });

  it("let no machine leave that has a monitor while another monitor is down", () => {
    const said = (...monitors: readonly string[]): string => {
      const stubs = `fail() { echo "failed: $1"; exit 0; }
        in_rook() { printf '${monitors.map((one) => `mon-${one}\\n`).join("")}'; }`;
      return inRook(`${stubs}\nkeep_monitors tank`, [], []).said;
    };
    assert.equal(said("a,1,stone", "b,1,tank", "c,1,titan"), "");
    assert.equal(said("a,1,stone", "b,,tank", "c,1,titan"), "", "its own may be down");
    assert.match(said("a,1,stone", "b,1,tank", "c,,titan"), /^failed: tank stays: .* down: mon-c;/);
    assert.equal(said("a,1,stone", "b,1,vault", "c,,titan"), "", "it has none");
    assert.match(said("a,1,tank"), /^failed: tank stays: it has Ceph's only monitor/);
    assert.equal(said("a,1,stone"), "");
  });

  /** healthy.sh's functions, with these in the place of what asks the cluster. */
  const healthy = (call: string, known: readonly string[] = []): ReturnType<typeof inRook> => {
    const words = `NAMESPACE=rook-ceph\nfail() { echo "failed: $*"; exit 0; }
      note() { echo "note: $1"; }
      wait_until() { shift; "$@"; }`;
    const script = text("healthy.sh").replace(/^main .*/m, "");
    return inRook(`${words}\n${script}\n${call}`, running, known);
  };

  it("wait until the operator is done with what is declared, and all runs in that release", () => {
    const said = (changes: Readonly<Record<string, string>>): string => {
      const is = {
        ...{ ready: "Ready True", done: "7 7 ceph:2 ceph:2", stone: "v1.20.6", titan: "v1.20.5" },
        versions: "mon 2\nosd 2\noverall 2",
        ...changes,
      };
      const stubs = `RELEASES="v1.20.6 1.0.4 v20.2.4" DISKS=$'stone 2 gen-1\\ntank 2 gen-3'
        ${changes["strangers"] ?? "DISKS+=$'\\ntitan 1 gen-4'"}
        in_rook() {
          case "$*" in
            *status.phase*Ready*) echo "${is.ready}" ;;
            *status.phase*) echo Progressing ;;
            *status.message*) echo "Processing OSD 2" ;;
            *observedGeneration*) echo "${is.done}" ;;
            *rook-version*) printf 'osd-0 ${is.stone} rook-ceph-osd stone\nosd-2 ${is.titan} rook-ceph-osd titan\nmon-a v1.20.6 rook-ceph-mon \n' ;;
            *versions*) printf '${is.versions.replaceAll("\n", "\\n")}\n' ;;
            *deployments*) printf '%s\n' "$deployments" ;;
          esac
        }`;
      return healthy(`${stubs}\nbehind; if current; then echo current; fi`).said.trim();
    };
    const same = { titan: "v1.20.6" };
    assert.equal(said(same), "current");
    assert.match(
      said({ ready: "Progressing True" }),
      /^CephCluster is not Ready: Progressing Processing OSD 2$/,
    );
    assert.equal(
      said({ ...same, done: "8 7 ceph:2 ceph:2" }),
      "the operator has done generation 7 of 8",
    );
    assert.equal(
      said({ ...same, done: "7 7 ceph:2 ceph:1" }),
      "it has set up ceph:1 in place of ceph:2",
    );
    assert.equal(said({}), "osd-2 is of Rook v1.20.5 in place of v1.20.6");
    const mixed = { versions: "mon 2\nosd 1\nosd 2\noverall 1\noverall 2" };
    assert.equal(said({ ...same, ...mixed }), "daemons are of 2; 1");
    assert.equal(said({ ...same, versions: "" }), "daemons are of no release that is known");
    // Disks of a machine that leaves stay as they are until it is gone.
    assert.equal(said({ ...mixed, strangers: ":" }), "current");
  });

  it("wait for what is wrong with data, disks and daemons, and say what else Ceph warns of", () => {
    const said = (health: string, ...warnings: readonly string[]): string => {
      const stubs = `PATIENCE=1200; health() { echo ${health}; }
        warnings() { printf '${warnings.map((one) => `${one}\\n`).join("")}'; }`;
      return healthy(`${stubs}\nawait_health`).said;
    };
    const slow = "BLUESTORE_SLOW_OP_ALERT HEALTH_WARN 1 OSD(s) experiencing slow operations";
    assert.equal(said("HEALTH_OK"), "");
    assert.match(
      said("HEALTH_WARN", slow),
      /^note: .*: BLUESTORE_SLOW_OP_ALERT \(HEALTH_WARN\): 1 OSD/,
    );
    assert.match(said("HEALTH_WARN", "PG_NOT_SCRUBBED HEALTH_WARN 3 pgs"), /^note: /);
    for (const code of ["OSD_DOWN", "OSD_ZONE_DOWN", "PG_DEGRADED", "MON_DOWN", "FS_DEGRADED"])
      assert.match(
        said("HEALTH_WARN", slow, `${code} HEALTH_WARN x`),
        /^failed: .*HEALTH_WARN after/,
      );
    assert.match(said("HEALTH_WARN", "MON_DISK_CRIT HEALTH_ERR x"), /^failed: /);
    assert.match(said("HEALTH_ERR", slow), /^failed: /);
    assert.match(said("HEALTH_WARN"), /^failed: /, "it does not say why");
    assert.match(said(""), /^failed: /);
  });

  it("start daemons anew, one at a time, until Ceph uses disks that have grown", () => {
    const stubs = `GIB=3000 PATIENCE=1200
      cluster() { case "$1" in *bytesTotal) echo "$((size - 4096))" ;; *health) echo HEALTH_OK ;; esac; }
      has_osds() { :; }
      size=$((2998 << 30))`;
    const restart = `restart_osds() { echo "restart $1"; size=$((size + (1 << 30))); }`;
    assert.match(healthy(`${stubs}\n${restart}\nused`).said, /^2998$/m);
    const { said, calls } = healthy(`${stubs}\n${restart}\nuse_all 2>&1`);
    assert.match(
      said,
      /uses 2998 of the 3000 GiB[^]*uses 2999 of the 3000 GiB of its disks: starting/,
    );
    assert.doesNotMatch(said, /titan|doctor/);
    assert.equal(calls, "delete pods -l app=rook-ceph-operator --wait=false\n");
    const held = `${stubs}\nask_ceph() { echo "$3"; return 1; }\nuse_all 2>&1`;
    const { said: why, calls: none } = healthy(held);
    assert.match(why, /until ceph osd ok-to-stop 0; do[^]*failed: the daemons of stone could not/);
    assert.equal(none, "", "no daemon is stopped that Ceph cannot do without");
    const one = healthy(`ask_ceph() { note "$3"; }\nrestart_osds stone`);
    assert.equal(
      one.calls,
      "delete pods -l ceph-osd-id=0 --timeout=300s\ndelete pods -l ceph-osd-id=5 --timeout=300s\n",
    );
  });

  it("place machines in Ceph where Rook has their disks made", () => {
    const labels = `kube() {
      case "$*" in
        *jsonpath=chassis=*) case "$3" in
          stone.lan) echo "chassis= rack= row= pdu= pod= room= datacenter= zone=host.one region=west " ;;
          *) echo "chassis=box rack= row= pdu= pod= room= datacenter= zone=tank region= " ;; esac ;;
      esac
    }`;
    const { said } = inRook(`${labels}\nplace_hosts $'stone.lan\\ntank'`, [], []);
    assert.match(said, /^ceph osd crush move stone-lan root=default zone=host-one region=west$/m);
    assert.match(said, /^ceph osd crush move tank root=default chassis=box$/m);
  });
});

/** A line of `ceph osd dump` (ceph, OSDMap::print_osds), of a number and a UUID. */
function line(disk: string): string {
  const [id, uuid] = disk.split(" ");
  return `osd.${id} up   in  weight 1 up_from 9 up_thru 9 down_at 0 last_clean_interval [0,0) [v2:10.42.0.9:6800/1] exists,up ${uuid}`;
}

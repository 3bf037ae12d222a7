import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { alloyConfig } from "../../../components/logs/alloy-config.ts";
import { alloyText, component, expression, inner } from "../../../components/logs/alloy-syntax.ts";
import { alloyValues } from "../../../components/logs/alloy-values.ts";
import { dataSourceMap } from "../../../components/logs/data-source.ts";
import { lokiValues, type LokiPlan } from "../../../components/logs/loki-values.ts";
import { linesByNode } from "../../../components/logs/proof.ts";
import { logAlerts, logQuestion, logRules, logRulesMap } from "../../../components/logs/rules.ts";
import { at } from "./at.ts";
import { violations, type Schema } from "./json-schema.ts";
import { wordsOf } from "./step-words.ts";

const schema = (file: string): Schema =>
  JSON.parse(readFileSync(new URL(`./schemas/${file}.json`, import.meta.url), "utf8")) as Schema;

const quiet: LokiPlan = {
  ...{ site: "home", clusterDomain: "cluster.local", retentionDays: 14 },
  limits: { mebibytesPerSecond: 4, streams: 2000, lineKiB: 256 },
  ...{ bucket: "loki-bucket", volume: "loki-volume" },
};
const plan = { ...quiet, alertmanager: "http://alertmanager.monitoring.svc.cluster.local:9093" };
const url = "http://loki.loki.svc.cluster.local:3100";

describe("the values of Loki", () => {
  const values = lokiValues(plan);

  it("are all known to the chart, with rules and without", () => {
    assert.deepEqual(violations(schema("loki"), values), []);
    assert.deepEqual(violations(schema("loki"), lokiValues(quiet)), []);
  });

  it("have one that does everything, and nothing that the chart brings for many", () => {
    assert.equal(at(values, "deploymentMode"), "Monolithic");
    assert.equal(at(values, "singleBinary.replicas"), 1);
    for (const part of ["write", "read", "backend"])
      assert.equal(at(values, `${part}.replicas`), 0, part);
    for (const part of ["chunksCache", "resultsCache", "gateway", "lokiCanary", "test"])
      assert.equal(at(values, `${part}.enabled`), false, part);
  });

  it("take the bucket from its claim, and hold no login", () => {
    assert.deepEqual(at(values, "singleBinary.extraEnvFrom"), [
      { configMapRef: { name: "loki-bucket" } },
      { secretRef: { name: "loki-bucket" } },
    ]);
    const storage = at(values, "loki.storage");
    assert.equal(at(storage, "bucketNames.chunks"), "${BUCKET_NAME}");
    assert.equal(at(storage, "s3.endpoint"), "http://${BUCKET_HOST}:${BUCKET_PORT}");
    assert.equal(at(storage, "s3.s3ForcePathStyle"), true);
    assert.ok(!/AWS_|accessKey|secretAccess/.test(JSON.stringify(values)));
  });

  it("delete lines after their time, and let them be found until then", () => {
    assert.equal(at(values, "loki.limits_config.retention_period"), "336h");
    assert.equal(at(values, "loki.limits_config.max_query_length"), "360h");
    const compactor = { retention_enabled: true, delete_request_store: "s3" };
    assert.deepEqual(at(values, "loki.compactor"), compactor);
  });

  it("flush while lines of its volume are read again, before its memory is full", () => {
    assert.equal(at(values, "singleBinary.resources.limits.memory"), "5Gi");
    assert.equal(at(values, "loki.ingester.wal.replay_memory_ceiling"), "3GB");
  });

  it("give it memory for as many full streams as it takes", () => {
    for (const streams of [1000, 2000, 5000]) {
      const limits = { ...quiet.limits, streams };
      const of = lokiValues({ ...quiet, limits });
      const memory = Number.parseInt(String(at(of, "singleBinary.resources.limits.memory")), 10);
      assert.ok(memory * 1024 * 0.85 >= streams * 1.75, `${streams} streams in ${memory} GiB`);
      const ceiling = at(of, "loki.ingester.wal.replay_memory_ceiling");
      assert.ok(Number.parseInt(String(ceiling), 10) < memory, `${streams} streams`);
    }
  });

  it("ask nobody else for the ring, and the API server for nothing", () => {
    assert.deepEqual(at(values, "loki.memberlistConfig"), { join_members: [] });
    assert.equal(at(values, "loki.commonConfig.ring.kvstore.store"), "inmemory");
    assert.equal(at(values, "defaults.automountServiceAccountToken"), false);
    assert.equal(at(values, "sidecar.rules.enabled"), false);
  });

  it("have its volume as a claim that may grow", () => {
    const persistence = at(values, "singleBinary.persistence");
    assert.equal(at(persistence, "enabled"), false);
    const claim = at(persistence, "dataVolumeParameters.persistentVolumeClaim.claimName");
    assert.equal(claim, "loki-volume");
  });

  it("mount rules below the only tenant, where Loki looks for them, and only where somebody is told", () => {
    const [mount] = at(values, "singleBinary.extraVolumeMounts") as readonly unknown[];
    assert.equal(at(mount, "mountPath"), "/etc/loki/rules/fake");
    const ruler = at(values, "loki.rulerConfig");
    assert.deepEqual(at(ruler, "storage"), {
      type: "local",
      local: { directory: "/etc/loki/rules" },
    });
    assert.equal(at(ruler, "alertmanager_url"), plan.alertmanager);
    assert.deepEqual(at(ruler, "external_labels"), { site: "home" });
    const none = lokiValues(quiet);
    assert.equal(at(none, "ruler.enabled"), false);
    assert.ok(!JSON.stringify(none).includes("/etc/loki/rules"));
  });
});

describe("Alloy's configuration", () => {
  const text = alloyConfig({ url, units: ["ssh.service"] });
  const components = new Set(
    [...text.matchAll(/^([a-z_.]+) "(\w+)" \{$/gm)].map(
      ([, kind = "", label = ""]) => `${kind}.${label}`,
    ),
  );

  it("is written as Alloy's language has it", () => {
    const some = component(
      "loki.write",
      "site",
      { labels: { a: expression('sys.env("A")') }, list: ["x", 1, true] },
      inner("endpoint", { url: 'http://"a"' }),
    );
    assert.equal(
      alloyText([some]),
      [
        'loki.write "site" {',
        '\tlabels = { "a" = sys.env("A") }',
        '\tlist = ["x", 1, true]',
        "\tendpoint {",
        '\t\turl = "http://\\"a\\""',
        "\t}",
        "}",
        "",
      ].join("\n"),
    );
  });

  it("names only components that are there", () => {
    const named = [
      ...text.matchAll(
        /[^"\w]((?:local|discovery|loki)\.[a-z_.]+)\.(?:targets|output|receiver|rules)\b/g,
      ),
    ].map(([, name = ""]) => name);
    assert.ok(named.length >= 9, named.join());
    assert.deepEqual(
      named.filter((name) => !components.has(name)),
      [],
    );
  });

  it("reads pods, RKE2's journal, the kubelet and the kernel", () => {
    assert.ok(text.includes('"/var/log/pods/*/*/*.log"'));
    assert.match(
      text,
      /matches = "_SYSTEMD_UNIT=rke2-server.service _SYSTEMD_UNIT=rke2-agent.service _SYSTEMD_UNIT=ssh.service"/,
    );
    assert.ok(text.includes('matches = "_TRANSPORT=kernel"'));
    assert.ok(text.includes("/var/lib/rancher/rke2/agent/logs/kubelet.log"));
    for (const job of ["pods", "journal", "kernel", "kubelet"])
      assert.ok(text.includes(`"${job}"`), job);
  });

  it("takes namespace, pod, container and restart from a file's name, of static pods too", () => {
    const [, pattern = ""] = /regex = "([^"]+)"/.exec(text) ?? [];
    const of = (path: string) => new RegExp(`^(?:${pattern})$`).exec(path)?.slice(1);
    assert.deepEqual(of("/var/log/pods/media_plex-0_1a2b-3c/plex/0.log"), [
      "media",
      "plex-0",
      "plex",
      "0",
    ]);
    assert.deepEqual(
      of("/var/log/pods/kube-system_etcd-stone_9f86d081884c7d659a2feaa0c55ad015/etcd/12.log"),
      ["kube-system", "etcd-stone", "etcd", "12"],
    );
    const labels = [...text.matchAll(/target_label = "(\w+)"\n\t\treplacement = "\$\d"/g)];
    assert.deepEqual(
      labels.slice(0, 4).map(([, label]) => label),
      ["namespace", "pod", "container", "restart"],
    );
  });

  it("leaves out what Loki would refuse as too old", () => {
    const [, hours] = /stage\.drop \{\n\t\tolder_than = "(\d+)h"/.exec(text) ?? [];
    const taken = at(lokiValues(plan), "loki.limits_config.reject_old_samples_max_age");
    assert.equal(hours, "167");
    assert.equal(taken, "168h");
  });

  it("sends lines until Loki takes them", () => {
    assert.ok(text.includes(`url = "${url}/loki/api/v1/push"`));
    assert.ok(text.includes("max_backoff_retries = 0"));
  });

  it("has nothing that Helm would read as its own", () => {
    assert.ok(!text.includes("{{"));
  });
});

describe("the values of Alloy", () => {
  const values = alloyValues({ url, units: [] });

  it("are all known to the chart", () => {
    assert.deepEqual(violations(schema("alloy"), values), []);
  });

  it("keep what was read on the machine, and mount what it has named", () => {
    const mounts = at(values, "alloy.mounts.extra") as readonly {
      name: string;
      mountPath: string;
    }[];
    const volumes = at(values, "controller.volumes.extra") as readonly {
      name: string;
      hostPath: { path: string };
    }[];
    assert.deepEqual(
      mounts.map(({ name, mountPath }) => [name, mountPath]),
      volumes.map(({ name, hostPath: { path } }) => [name, path]),
    );
    const writable = mounts.filter((mount) => at(mount, "readOnly") === false);
    assert.deepEqual(
      writable.map(({ mountPath }) => mountPath),
      ["/var/lib/alloy"],
    );
    assert.match(String(at(values, "alloy.storagePath")), /^\/var\/lib\/alloy\//);
    assert.ok(mounts.some(({ mountPath }) => mountPath === "/etc/machine-id"));
    assert.equal(at(values, "alloy.mounts.varlog"), true);
  });

  it("run it on every machine, with no right at the API server and none beyond reading as root", () => {
    assert.deepEqual(at(values, "controller.tolerations"), [{ operator: "Exists" }]);
    assert.equal(at(values, "rbac.create"), false);
    assert.equal(at(values, "serviceAccount.automountServiceAccountToken"), false);
    assert.deepEqual(at(values, "alloy.securityContext.capabilities"), { drop: ["ALL"] });
  });

  it("roll pods out when the configuration changes, and report nothing", () => {
    assert.equal(at(values, "configReloader.enabled"), false);
    assert.equal(at(values, "alloy.enableReporting"), false);
    assert.equal(at(values, "crds.create"), false);
  });
});

/** Lines as the kernel, RKE2 and programs write them, and others that tell of nothing. */
const said: Readonly<Record<string, readonly string[]>> = {
  KernelDiskError: [
    "blk_update_request: I/O error, dev sdb, sector 2048 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 2",
    "Buffer I/O error on dev rbd0, logical block 0, lost async page write",
    "critical medium error, dev sda, sector 81920 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2",
    "EXT4-fs error (device rbd1): ext4_find_entry:1463: inode #2: comm ls: reading directory lblock 0",
    "XFS (sdc): Metadata corruption detected at xfs_agf_read_verify+0xd5/0x110 [xfs], xfs_agf block 0x1",
  ],
  KernelTaskHung: ["INFO: task jbd2/rbd0-8:4242 blocked for more than 120 seconds."],
  KernelFault: [
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "watchdog: BUG: soft lockup - CPU#2 stuck for 26s! [ceph-osd:999]",
    "kernel BUG at mm/slub.c:448!",
    "Oops: 0000 [#1] PREEMPT SMP NOPTI",
    "mce: [Hardware Error]: Machine check events logged",
  ],
  Rke2Failed: [
    'time="2026-11-29T07:00:00Z" level=fatal msg="starting kubernetes: preparing server: failed to get CA certs"',
  ],
  JournalNotRead: [
    'ts=2026-11-29T07:00:00Z level=error msg="unable to follow journal" component_path=/ component_id=loki.source.journal.kernel err="failed to iterate journal: bad message"',
  ],
  ProgramPanics: [
    "panic: runtime error: invalid memory address or nil pointer dereference",
    "fatal error: concurrent map writes",
    "thread 'main' panicked at src/main.rs:4:5:",
  ],
};
const harmless = [
  "EXT4-fs (rbd1): mounted filesystem 5f0c r/w with ordered data mode. Quota mode: none.",
  "XFS (sdc): Mounting V5 Filesystem 0f3c",
  "debug: BUGS are reported at https://bugs.example.net",
  'time="2026-11-29T07:00:00Z" level=info msg="Running kubelet"',
  'level=info msg="no panic: all is well"',
];

describe("the alerts on lines", () => {
  it("tell of such lines, and of no others", () => {
    assert.deepEqual(
      Object.keys(said),
      logAlerts.map(({ name }) => name),
    );
    for (const { name, pattern } of logAlerts) {
      for (const line of said[name] ?? []) assert.match(line, pattern, name);
      for (const line of harmless) assert.doesNotMatch(line, pattern, name);
    }
  });

  it("ask questions that stand between backticks, and are told apart by labels that they keep", () => {
    for (const alert of logAlerts) {
      assert.ok(!/[`$]|\(\?/.test(alert.pattern.source), alert.name);
      assert.ok(!alert.pattern.flags, alert.name);
      const labels = [...`${alert.summary}${alert.description}`.matchAll(/\$labels\.(\w+)/g)];
      for (const [, label = ""] of labels) assert.ok(alert.by.includes(label), alert.name);
    }
    const [disk] = logAlerts;
    assert.ok(disk);
    assert.match(
      logQuestion(disk),
      /^sum by \(node\) \(count_over_time\(\{job="kernel"\} \|~ `I\/O error, dev .+` \[15m\]\)\) > 0$/,
    );
  });

  it("are a file of Loki's ruler, with the pages of each", () => {
    const { data } = logRulesMap("https://git.example.net/docs/runbooks");
    const groups = at(parse(data["homelab.yaml"]), "groups") as readonly { rules: unknown[] }[];
    assert.deepEqual(groups, logRules("https://git.example.net/docs/runbooks").groups);
    const [first] = groups[0]?.rules ?? [];
    assert.equal(
      at(first, "annotations.runbook_url"),
      "https://git.example.net/docs/runbooks/KernelDiskError.md",
    );
  });
});

describe("Loki in Grafana", () => {
  it("is a data source that the sidecar takes up in Grafana's own namespace", () => {
    const { metadata, data } = dataSourceMap(url);
    assert.equal(metadata.namespace, "monitoring");
    assert.deepEqual(metadata.labels, { grafana_datasource: "1" });
    const [source] = at(parse(data["loki.yaml"]), "datasources") as readonly unknown[];
    assert.deepEqual(source, { name: "Loki", type: "loki", uid: "loki", access: "proxy", url });
  });
});

describe("the proof of logs", () => {
  const script = (file: string): string =>
    readFileSync(new URL(`../../../components/${file}.sh`, import.meta.url), "utf8");
  const functions = script("rke2/scripts/rke2") + script("workload/scripts/rolled-out");
  const text = script("logs/scripts/seen");

  interface World {
    readonly lines?: Readonly<Record<string, number>>;
    readonly health?: readonly string[];
    /** Nodes where Alloy runs in its newest form. */
    readonly collected?: readonly string[];
  }

  /** What the step says in a world: the message of its failure, or nothing. */
  function run(
    { lines = { stone: 7, tank: 1 }, health = ["ok", "ok"], collected = ["stone", "tank"] }: World,
    alerts = 2,
  ): string {
    const result = Object.entries(lines).map(([node, count]) => ({
      metric: { node },
      value: [1790000000.123, String(count)],
    }));
    const vector = JSON.stringify({ status: "success", data: { resultType: "vector", result } });
    const rules = JSON.stringify({
      status: "success",
      data: { groups: [{ name: "homelab.logs", rules: health.map((one) => ({ health: one })) }] },
    });
    const variables = `NAMESPACES='loki alloy' LINES='${linesByNode}' RULES=/rules NODES='stone tank' ALERTS=${alerts} COLLECTOR=alloy`;
    const pods = collected.map((node) => `echo 'alloy ${node} True';`).join(" ");
    const cases = `
        *"/query?query="*) echo '${vector}' ;;
        *"/rules"*) echo '${rules}' ;;
        *"get daemonset alloy"*) echo '3 3' ;;
        *"get controllerrevisions"*) printf '2 alloy old\n10 alloy new\n' ;;
        *"get pods -l controller-revision-hash=new"*) ${pods} ;;
        *) echo "loki-0 1/1 Running" ;;`;
    return wordsOf({ functions, variables, cases, script: text });
  }

  it("is content with lines of every node and rules that are evaluated", () => {
    assert.equal(run({}), "");
    assert.equal(run({ health: [] }, 0), "");
  });

  it("waits for Alloy as it was declared last on each of these nodes, and for no other", () => {
    assert.equal(run({ collected: ["stone"] }), "alloy does not run as it was declared on tank");
    assert.equal(run({ collected: ["stone", "tank", "vault"] }), "");
  });

  it("names the nodes from which no line comes", () => {
    assert.equal(run({ lines: { stone: 7 } }), "no lines come from tank");
    assert.equal(run({ lines: {} }), "no lines come from stone tank");
  });

  it("says how many rules are evaluated", () => {
    assert.equal(run({ health: ["ok", "err"] }), "Loki evaluates 1 of 2 rules on lines");
    assert.equal(run({ health: [] }), "Loki evaluates 0 of 2 rules on lines");
  });
});

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { scriptInput } from "../../../components/remote/shell.ts";
import { releaseProblem } from "../../../components/rke2/release-hook.ts";
import { rke2Script, scripts } from "../../../components/rke2/scripts.ts";
import { versionStep } from "../../../components/rke2/version-step.ts";
import { machineRoot, runScript } from "./machine-script.ts";

describe("a step from one RKE2 release to another", () => {
  const allowed: readonly (readonly [string, string])[] = [
    ["v1.35.4+rke2r1", "v1.35.4+rke2r1"],
    ["v1.35.4+rke2r1", "v1.35.4+rke2r2"],
    ["v1.35.4+rke2r3", "v1.35.10+rke2r1"],
    ["v1.35.9+rke2r2", "v1.36.0+rke2r1"],
  ];
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["v1.35.4+rke2r1", "v1.33.12+rke2r1", /is older than v1\.35\.4/],
    ["v1.35.4+rke2r1", "v1.34.10+rke2r1", /is older than v1\.35\.4/],
    ["v1.35.4+rke2r1", "v1.35.3+rke2r1", /is older than v1\.35\.4/],
    ["v1.35.4+rke2r2", "v1.35.4+rke2r1", /is older than v1\.35\.4\+rke2r2/],
    ["v1.34.10+rke2r1", "v1.36.0+rke2r1", /skips a minor: .*use a v1\.35 release first/],
  ];

  it("may raise the patch, or the minor by one", () => {
    for (const [from, to] of allowed) assert.equal(versionStep(from, to), undefined, to);
  });

  it("never goes back and never skips a minor", () => {
    for (const [from, to, text] of refused) assert.match(versionStep(from, to) ?? "allowed", text);
  });

  it("is judged alike by the program and by a machine, for all releases", async () => {
    const release = fc
      .tuple(
        fc.integer({ min: 33, max: 36 }),
        fc.integer({ min: 0, max: 12 }),
        fc.constantFrom(1, 2),
      )
      .map(([minor, patch, build]) => `v1.${minor}.${patch}+rke2r${build}`);
    const pairs = fc.sample(fc.tuple(release, release), 60);
    const root = machineRoot();
    const script = `${rke2Script}\nwhile read -r from to; do (release_step "$from" "$to") 2>/dev/null && echo may >&2 || echo not >&2; done <<<"$PAIRS"\n`;
    const PAIRS = pairs.map((pair) => pair.join(" ")).join("\n");
    const { stderr } = await runScript(root, script, { PAIRS });
    rmSync(root, { recursive: true });
    const judged = pairs.map(([from, to]) => (versionStep(from, to) === undefined ? "may" : "not"));
    assert.deepEqual(stderr.trim().split("\n"), judged, PAIRS);
  });
});

describe("a node's release in a preview", () => {
  const last = (VERSION: string, GENERATION = "gen-00000001"): string =>
    scriptInput("main", { ROLE: "server", VERSION, GENERATION, CONFIG: "token: 'it''s'\n" });
  const change = (version: string, away: readonly string[] = []) => ({
    node: { name: "proxmox-stone", generation: "gen-00000001" },
    ...{ version, away },
  });

  it("is refused where it goes back, with the key and the way", () => {
    const text = releaseProblem(last("v1.35.4+rke2r1"), change("v1.33.12+rke2r1"));
    assert.match(
      text ?? "",
      /^homelab:versions\.rke2: v1\.33\.12\+rke2r1 is older than .*restore\.md/,
    );
  });

  it("is not compared with that of a machine's predecessor", () => {
    const before = last("v1.35.4+rke2r1", "gen-00000000");
    assert.equal(releaseProblem(before, change("v1.33.12+rke2r1")), undefined);
  });

  it("waits for servers whose host is down, and leaves them alone where nothing is upgraded", () => {
    const away = ["proxmox-tank"];
    const next = releaseProblem(last("v1.35.4+rke2r1"), change("v1.35.7+rke2r1", away));
    assert.match(next ?? "", /has to wait: the host of proxmox-tank does not answer/);
    assert.equal(releaseProblem(last("v1.35.4+rke2r1"), change("v1.35.4+rke2r1", away)), undefined);
  });
});

describe("an upgrade on a machine", () => {
  let root: string;
  const said = (): string[] => {
    const file = join(root, "run/calls");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  };
  const program = (name: string, body: string): void => {
    const path = join(root, "usr/local/bin", name);
    writeFileSync(path, `#!/bin/bash\necho "${name} $*" >>"${join(root, "run/calls")}"\n${body}\n`);
    chmodSync(path, 0o755);
  };
  const nodes = (releases: string, others = "proxmox-tank True"): void => {
    program(
      "kubectl",
      `case $* in *kubeletVersion*) echo "${releases}" ;; *range*) echo "proxmox-stone True"; echo "${others}" ;; esac`,
    );
  };
  const upgrade = (version: string) => {
    const functions = scripts.node.replace(/main "\$@" <\/dev\/null\n$/, "");
    return runScript(root, `${functions}\nif upgrades; then before_upgrade; fi\n`, {
      ...{ ROLE: "server", NODE_NAME: "proxmox-stone", VERSION: version },
    });
  };

  beforeEach(() => {
    root = machineRoot();
    mkdirSync(join(root, "var/lib/homelab"), { recursive: true });
    writeFileSync(join(root, "var/lib/homelab/installed"), "v1.35.4+rke2r1\n");
    nodes("v1.35.4+rke2r1 v1.35.4+rke2r1");
    program("rke2", "");
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const saved = () => said().filter((call) => call.startsWith("rke2 etcd-snapshot save"));

  it("saves a snapshot before the first server, then drains it", async () => {
    const { code, stderr } = await upgrade("v1.36.3+rke2r1");
    assert.equal(code, 0, stderr);
    assert.deepEqual(saved(), ["rke2 etcd-snapshot save --name pre-upgrade"]);
    const calls = said().join("\n");
    assert.ok(calls.indexOf("save") < calls.indexOf("drain proxmox-stone"), calls);
    // Beside config.yaml's etcd-snapshot-retention RKE2 takes no other form of the flag.
    assert.match(calls, /etcd-snapshot prune --name pre-upgrade --etcd-snapshot-retention 3$/m);
  });

  it("saves none once a server runs the new release", async () => {
    nodes("v1.36.3+rke2r1 v1.35.4+rke2r1");
    assert.equal((await upgrade("v1.36.3+rke2r1")).code, 0);
    assert.deepEqual(saved(), []);
  });

  it("saves one on the machine alone where S3 does not answer", async () => {
    program(
      "rke2",
      '[[ $* != *"save --name pre-upgrade" ]] || { echo "failed to initialize S3 client" >&2; exit 1; }',
    );
    const { code, stderr } = await upgrade("v1.36.3+rke2r1");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /the snapshot failed; .*\n?.*failed to initialize S3 client/);
    assert.match(saved()[1] ?? "", /--etcd-s3=false$/);
  });

  it("ends with nothing changed where no snapshot can be saved, and where the release goes back", async () => {
    program("rke2", "exit 1");
    assert.match(
      (await upgrade("v1.36.3+rke2r1")).stderr,
      /no etcd snapshot can be saved, so nothing is upgraded/,
    );
    assert.match((await upgrade("v1.35.3+rke2r1")).stderr, /is older than .* Nothing was changed/);
    assert.ok(!said().some((call) => call.includes("drain")));
  });

  it("drains an agent from a server, and lets it have pods again by its kubelet's own login", async () => {
    const drained = await runScript(root, scripts.drain, { NODE: "proxmox-vault" });
    assert.equal(drained.code, 0, drained.stderr);
    assert.match(said().join("\n"), /rke2\.yaml .*drain proxmox-vault --ignore-daemonsets/);
    const functions = scripts.node.replace(/main "\$@" <\/dev\/null\n$/, "");
    program("kubectl", "case $* in *annotations*) echo yes ;; esac");
    await runScript(root, `${functions}\nundrain "$NODE_NAME"\n`, {
      ...{ ROLE: "agent", NODE_NAME: "proxmox-vault" },
    });
    assert.match(said().join("\n"), /agent\/kubelet\.kubeconfig .*uncordon proxmox-vault/);
  });

  it("leaves the pods of a node alone that no other could take", async () => {
    nodes("v1.35.4+rke2r1", "proxmox-tank True true");
    assert.equal((await upgrade("v1.35.7+rke2r1")).code, 0);
    assert.ok(!said().some((call) => call.includes("drain")));
  });

  it("does nothing where the release stays", async () => {
    assert.equal((await upgrade("v1.35.4+rke2r1")).code, 0);
    assert.deepEqual(said(), []);
  });
});

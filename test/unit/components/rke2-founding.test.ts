import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scripts } from "../../../components/rke2/scripts.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";

const join50 = "etc/rancher/rke2/config.yaml.d/50-join.yaml";
const database = "var/lib/rancher/rke2/server/db/etcd";

describe("the first server", () => {
  let root: string;
  const stub = (tool: string, text: string): void => {
    const file = join(root, "usr/local/bin", tool);
    writeFileSync(file, `#!/bin/bash\n${text.replaceAll("ROOT", root)}\n`, { mode: 0o755 });
  };
  const folder = (path: string) => mkdirSync(join(root, path), { recursive: true });

  beforeEach(() => {
    root = machineRoot();
    folder("run/lock");
    // Nothing answers at the cluster's address.
    stub("curl", "exit 7");
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** Runs one function of the script. */
  const call = (
    name: string,
    parameters: Readonly<Record<string, string>>,
    script = scripts.node,
  ): Promise<ScriptRun> =>
    runScript(root, script.replace(/\nmain "\$@".*\n$/, `\n${name}\n`), {
      NODE_NAME: "stone",
      ROLE: "server",
      VIP: "192.0.2.1",
      SITE: "home",
      JOINS: "no",
      ...parameters,
    });

  const awaits = 'if joins_empty; then await_cluster "run this again"; fi';

  it("joins where another server knows of a cluster, though nothing answers at the address", async () => {
    assert.equal((await call("join_address", { JOINS: "yes" })).code, 0);
    assert.match(readFileSync(join(root, join50), "utf8"), /server: https:\/\/192\.0\.2\.1:9345/);
  });

  it("waits for the address before it starts RKE2 to join, and never begins a cluster in its place", async () => {
    // It answers at the third look.
    stub("curl", "echo look >>ROOT/looks; (($(wc -l <ROOT/looks) >= 3))");
    const { code, stderr } = await call(awaits, { JOINS: "yes" });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /nothing answers at 192\.0\.2\.1:9345, where it is to join; waiting/);
    // One that has its data starts from them, and one that begins a cluster has nobody to wait for.
    stub("curl", "exit 7");
    assert.equal((await call(awaits, { JOINS: "no" })).stderr, "");
    folder(database);
    assert.equal((await call(awaits, { JOINS: "yes" })).stderr, "");
  });

  it("says what to look at where the address stays silent", async () => {
    const patient = scripts.node.replace("wait_until 300 cluster", "wait_until 1 cluster");
    const { code, stderr } = await call(awaits, { JOINS: "yes" }, patient);
    assert.equal(code, 1);
    assert.match(stderr, /after 300 s.*RKE2 was not started\. Does kube-vip run/);
  });

  it("begins a cluster on the first run of a new site", async () => {
    assert.equal((await call("join_address", {})).code, 0);
    assert.ok(!existsSync(join(root, join50)));
  });

  it("begins none where it has had one and the database is lost: a restore does, and then it starts", async () => {
    const lost = await call("join_address", { AGAIN: "yes" });
    assert.equal(lost.code, 1);
    assert.match(lost.stderr, /database of stone is lost.*npm run restore -- --stack home/s);
    folder(database);
    assert.equal((await call("join_address", { AGAIN: "yes" })).code, 0);
  });

  it("begins none at an address where a foreign cluster answers, and joins none that is not the site's", async () => {
    stub("curl", "exit 0");
    const { code, stderr } = await call("join_address", {});
    assert.equal(code, 1);
    assert.match(stderr, /a cluster answers at 192\.0\.2\.1:9345.*homelab:cluster\.vip/s);
  });

  it("does not change its role where the other unit is enabled: systemctl would tell of no failure", async () => {
    stub("systemctl", '[[ "$*" == *rke2-agent* ]]');
    const { code, stderr } = await call("one_role", {});
    assert.equal(code, 1);
    assert.match(stderr, /stone runs as RKE2's agent and cannot become a server.*allowReplace/s);
    assert.equal((await call("one_role", { ROLE: "agent" })).code, 0);
  });

  const admit = () =>
    runScript(root, scripts.admit.replaceAll(/wait_until \d+/g, "wait_until 1"), {
      JOINER: "stone",
      JOINER_GENERATION: "gen-00000002",
    });

  it("hears from a new server that there is no cluster", async () => {
    const { code, stdout } = await admit();
    assert.deepEqual([code, stdout], [0, "none\n"]);
  });

  it("hears from one that has been in a cluster that there is one, and its former node goes", async () => {
    folder(database);
    stub(
      "kubectl",
      `echo "$*" >>ROOT/calls
       case "$*" in
         *" get node "*jsonpath*) echo -n "stone gen-00000001" ;;
       esac`,
    );
    const { code, stdout, stderr } = await admit();
    assert.deepEqual([code, stdout], [0, "cluster\n"], stderr);
    assert.match(readFileSync(join(root, "calls"), "utf8"), /delete node stone/);
  });

  it("waits for a cluster that does not answer, and begins none", async () => {
    folder(database);
    stub("kubectl", "exit 1");
    const { code, stdout, stderr } = await admit();
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /API server .* is not ready.*docs\/restore\.md/s);
  });
});

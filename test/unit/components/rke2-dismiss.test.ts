import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scripts } from "../../../components/rke2/scripts.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";

/** kubectl over a folder: a file a node, with `ROLE READY` inside; every call is written down. */
const kubectl = String.raw`#!/bin/bash
nodes=ROOT/nodes
while [[ $1 == --* ]]; do if [[ $1 == --kubeconfig ]]; then shift; fi; shift; done
echo "$*" >>ROOT/calls
read -r role ready 2>/dev/null <"$nodes/$3"
case "$*" in
  "get --raw /readyz") ;;
  "get nodes -l "*) cd "$nodes" && grep -l ^server * ;;
  "get node "*" -o name") if [[ -e $nodes/$3 ]]; then echo "node/$3"; fi ;;
  "get node "*etcd*) if [[ $role == server ]]; then echo true; fi ;;
  "get node "*Ready*) printf '%s' "$ready" ;;
  "api-resources --api-group cilium.io -o name") echo ciliumbgpnodeconfigs.cilium.io ;;
  "get ciliumbgpnodeconfig "*) if [[ ! -e ROOT/out-$3 ]]; then echo "ciliumbgpnodeconfig/$3"; fi ;;
  "label node "*" homelab/bgp=out --overwrite") touch "ROOT/out-$3" ;;
  "cordon "*) ;;
  "drain "*) if [[ -e ROOT/budget ]]; then echo "Cannot evict pod as it would violate the pod's disruption budget" >&2; exit 1; fi ;;
  "delete node "*) rm "$nodes/$3"; if [[ ! -e ROOT/stuck ]]; then rm -f "ROOT/members/$3"; fi ;;
  "delete pods --all-namespaces --field-selector spec.nodeName="*" --force --grace-period=0 --wait=false") ;;
  "delete deployments --all-namespaces -l node_name="*",app in (rook-ceph-crashcollector,rook-ceph-exporter) --wait=false") ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;
const curl = String.raw`#!/bin/bash
cd ROOT/members
printf '{"members":['; for name in *; do printf '{"ID":"1","name":"%s-0a1b2c3d"},' "$name"; done; printf ']}'
`;

const sleep = `#!/bin/bash\nif [[ $1 != *.* ]]; then echo "sleep $1" >>ROOT/calls; fi\n`;

describe("the dismissal of a machine", () => {
  let root: string;
  const node = (name: string, role: "server" | "agent", ready: "True" | "Unknown"): void => {
    writeFileSync(join(root, "nodes", name), `${role} ${ready}\n`);
    if (role === "server") writeFileSync(join(root, "members", name), "");
  };

  beforeEach(() => {
    root = machineRoot();
    for (const folder of ["nodes", "members", "run/lock"])
      mkdirSync(join(root, folder), { recursive: true });
    for (const [tool, text] of Object.entries({ kubectl, curl, sleep })) {
      const file = join(root, "usr/local/bin", tool);
      writeFileSync(file, text.replaceAll("ROOT", root), { mode: 0o755 });
    }
    for (const name of ["stone", "tank", "titan"]) node(name, "server", "True");
    node("vault", "agent", "True");
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** Waits are cut to a second. */
  const dismiss = (leaver: string, by = "stone"): Promise<ScriptRun> =>
    runScript(root, scripts.dismiss.replaceAll(/wait_until \d+/g, "wait_until 1"), {
      LEAVER: leaver,
      DISMISSER: by,
    });
  const calls = (): readonly string[] =>
    readFileSync(join(root, "calls"), "utf8")
      .split("\n")
      .flatMap(
        (line) =>
          /^(drain|cordon|delete node|sleep) \S+|^delete (pods|deployments) .*node_?[nN]ame=\w+/.exec(
            line,
          )?.[0] ?? [],
      );
  /** What a DaemonSet would count until Kubernetes finds that the node is gone. */
  const orphans = (name: string): string =>
    `delete pods --all-namespaces --field-selector spec.nodeName=${name}`;
  /** What Rook leaves of a node that is gone. */
  const collectors = (name: string): string =>
    `delete deployments --all-namespaces -l node_name=${name}`;

  it("moves its pods, then deletes its node, and is content when that has been done", async () => {
    for (const name of ["titan", "vault"]) {
      const { code, stderr } = await dismiss(name);
      assert.equal(code, 0, stderr);
    }
    assert.deepEqual(calls(), [
      "drain titan",
      "sleep 5",
      "delete node titan",
      orphans("titan"),
      collectors("titan"),
      "drain vault",
      "sleep 5",
      "delete node vault",
      orphans("vault"),
      collectors("vault"),
    ]);
    assert.equal((await dismiss("titan")).code, 0);
    assert.deepEqual(calls().slice(10), [collectors("titan")]);
  });

  it("goes on after a budget of disruption has been kept to for two minutes, and says so", async () => {
    writeFileSync(join(root, "budget"), "");
    const { code, stderr } = await dismiss("titan");
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /not all pods of titan could move within 120 s; it goes all the same.*disruption budget/,
    );
    assert.deepEqual(calls(), [
      "drain titan",
      "sleep 5",
      "delete node titan",
      orphans("titan"),
      collectors("titan"),
    ]);
  });

  it("does not wait for the pods of a dead machine", async () => {
    node("titan", "server", "Unknown");
    assert.equal((await dismiss("titan")).code, 0);
    assert.deepEqual(calls(), [
      "cordon titan",
      "delete node titan",
      orphans("titan"),
      collectors("titan"),
    ]);
  });

  it("leaves a server alone while most others are not Ready, but lets an agent go", async () => {
    node("tank", "server", "Unknown");
    const { code, stderr } = await dismiss("titan");
    assert.equal(code, 1);
    assert.match(stderr, /^titan stays: .* these are not: tank/);
    assert.equal((await dismiss("vault")).code, 0);
    assert.deepEqual(calls(), [
      "drain vault",
      "sleep 5",
      "delete node vault",
      orphans("vault"),
      collectors("vault"),
    ]);
  });

  it("lets a server go when three of the four others are Ready", async () => {
    node("attic", "server", "Unknown");
    node("loft", "server", "Unknown");
    assert.equal((await dismiss("loft")).code, 0);
  });

  it("fails while etcd still counts the machine, so that it is not destroyed", async () => {
    writeFileSync(join(root, "stuck"), "");
    const { code, stderr } = await dismiss("titan");
    assert.equal(code, 1);
    assert.match(stderr, /etcd still has a member of titan/);
  });

  it("takes no server out of a cluster that has no other", async () => {
    const { code, stderr } = await dismiss("stone");
    assert.equal(code, 1);
    assert.match(stderr, /stone is the last server/);
  });
});

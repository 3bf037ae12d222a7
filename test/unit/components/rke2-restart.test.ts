import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scripts } from "../../../components/rke2/scripts.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";

/** kubectl over a folder: a file a node, with `ROLE READY CORDONED MARK` inside; what it changes is written down. */
const kubectl = String.raw`#!/bin/bash
nodes=ROOT/nodes server=
# The API fails once for what is named there.
if [[ -e ROOT/flaw && "$*" == *$(cat ROOT/flaw)* ]]; then rm ROOT/flaw; echo "etcdserver: request timed out" >&2; exit 1; fi
while [[ $1 == --* ]]; do
  case $1 in --kubeconfig) shift ;; --server) shift; server=$1 ;; esac
  shift
done
read -r role ready cordoned mark 2>/dev/null <"$nodes/$3"
save() { echo "$role $ready $cordoned $mark" >"$nodes/$1"; }
case "$*" in
  "get --raw /readyz") if [[ -n $server && -e ROOT/deaf ]]; then [[ $server != *$(cat ROOT/deaf)* ]]; fi ;;
  "get nodes -o "*) ls "$nodes" ;;
  "get node "*etcd*) if [[ $role == server ]]; then echo true; fi ;;
  "get node "*Ready*) printf '%s' "$ready" ;;
  "get node "*InternalIP*) echo "$3" ;;
  "get node "*unschedulable*) printf '%s' "$cordoned" ;;
  "get node "*annotations*) if [[ $mark == yes ]]; then echo yes; fi ;;
  "-n kube-node-lease get lease "*) cat /proc/uptime ;;
  "-n kube-system get pods "*) if [[ -e ROOT/agents ]]; then cat ROOT/agents; else echo True; fi ;;
  "-n kube-system get daemonset cilium "*) cat ROOT/cilium 2>/dev/null || true ;;
  "get pods -A "*"spec.nodeName=tank,status.phase=Failed"*) cat ROOT/failed 2>/dev/null || true ;;
  "get pods -A "*) ;;
  "-n "*" delete pod "*) echo "delete $2/$5" >>ROOT/calls ;;
  "api-resources --api-group cilium.io -o name") if [[ -e ROOT/sessions ]]; then echo ciliumbgpnodeconfigs.cilium.io; fi ;;
  "get ciliumbgpnodeconfig "*) if [[ -e ROOT/sessions/$3 ]]; then echo "ciliumbgpnodeconfig/$3"; fi ;;
  "get ciliumbgpnodeconfigs "*) cd ROOT/sessions && for name in *; do echo "$name $(cat "$name")"; done ;;
  "label node "*) echo "label $3 $4" >>ROOT/calls
    if [[ $4 == *=out ]]; then rm -f "ROOT/sessions/$3"; elif [[ -e ROOT/sessions ]]; then cat ROOT/comes >"ROOT/sessions/$3"; fi ;;
  "annotate node "*) read -r role ready cordoned mark <"$nodes/$3"; mark=no; if [[ "$*" == *=yes* ]]; then mark=yes; fi; save "$3" ;;
  "cordon "*) read -r role ready cordoned mark <"$nodes/$2"; cordoned=true; save "$2"; echo "cordon $2" >>ROOT/calls ;;
  "uncordon "*) read -r role ready cordoned mark <"$nodes/$2"; cordoned=no; save "$2"; echo "uncordon $2" >>ROOT/calls ;;
  "drain "*) echo "drain $2" >>ROOT/calls
    if [[ -e ROOT/budget ]]; then echo "Cannot evict pod as it would violate the pod's disruption budget" >&2; exit 1; fi ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;
const curl = String.raw`#!/bin/bash
cd ROOT/members
printf '{"members":['
for name in *; do printf '{"ID":"1","name":"%s-0a1b2c3d","peerURLs":["https://x:2380"]%s},' "$name" "$(cat "$name")"; done
printf ']}'
`;

describe("the restart of a node", () => {
  let root: string;
  const node = (name: string, role: "server" | "agent", state = "True no no"): void => {
    writeFileSync(join(root, "nodes", name), `${role} ${state}\n`);
    if (role === "server") writeFileSync(join(root, "members", name), "");
  };
  const member = (name: string, more: string): void => {
    writeFileSync(join(root, "members", name), more);
  };
  const stateOf = (name: string): string => readFileSync(join(root, "nodes", name), "utf8").trim();
  const calls = (): readonly string[] =>
    readFileSync(join(root, "calls"), "utf8").split("\n").filter(Boolean);

  beforeEach(() => {
    root = machineRoot();
    for (const folder of ["nodes", "members", "etc/rancher/rke2"])
      mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, "etc/rancher/rke2/rke2.yaml"), "");
    writeFileSync(join(root, "calls"), "");
    for (const [tool, text] of Object.entries({ kubectl, curl })) {
      const file = join(root, "usr/local/bin", tool);
      writeFileSync(file, text.replaceAll("ROOT", root), { mode: 0o755 });
    }
    for (const name of ["stone", "tank", "titan"]) node(name, "server");
    node("vault", "agent");
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** Waits are cut to a second. */
  const restart = (MODE: "leave" | "back" | "stay", NODE: string): Promise<ScriptRun> =>
    runScript(root, scripts.restart.replaceAll(/wait_until \d+/g, "wait_until 1"), { MODE, NODE });

  it("moves its pods while all others are well, and lets pods in again when it is back", async () => {
    const { code, stderr } = await restart("leave", "tank");
    assert.equal(code, 0, stderr);
    assert.deepEqual(calls(), ["cordon tank", "drain tank"]);
    const back = await restart("back", "tank");
    assert.equal(back.code, 0, back.stderr);
    assert.deepEqual(calls().slice(2), ["label tank homelab/bgp-", "uncordon tank"]);
    assert.equal(stateOf("tank"), "server True no no");
  });

  it("goes on only once no router can send to it, and is over only once routers do again", async () => {
    mkdirSync(join(root, "sessions"));
    for (const name of ["stone", "tank"])
      writeFileSync(join(root, "sessions", name), "established established");
    writeFileSync(
      join(root, "usr/local/bin/sleep"),
      `#!/bin/sh\necho "sleep $1" >>${root}/calls\n`,
      {
        mode: 0o755,
      },
    );
    const { code, stderr } = await restart("leave", "tank");
    assert.equal(code, 0, stderr);
    assert.deepEqual(calls(), [
      "cordon tank",
      "drain tank",
      "label tank homelab/bgp=out",
      "sleep 5",
    ]);
    writeFileSync(join(root, "comes"), "established active");
    const early = await restart("back", "tank");
    assert.equal(early.code, 1);
    assert.match(early.stderr, /tank has fewer BGP sessions than other nodes/);
    // A router that is off has no session with anybody.
    writeFileSync(join(root, "sessions/stone"), "established idle");
    assert.equal((await restart("back", "tank")).code, 0);
  });

  it("is refused while another node is not Ready, and touches nothing", async () => {
    node("vault", "agent", "Unknown no no");
    const { code, stderr } = await restart("leave", "tank");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /tank is not restarted, because another machine is not well: vault \(not Ready\)/,
    );
    assert.deepEqual(calls(), []);
  });

  it("is refused while another server has no vote in etcd, or its API server is not ready", async () => {
    member("titan", ',"isLearner":true');
    assert.match((await restart("leave", "tank")).stderr, /not well: titan \(etcd or API server\)/);
    rmSync(join(root, "members/titan"));
    assert.match(
      (await restart("leave", "vault")).stderr,
      /not well: titan \(etcd or API server\)/,
    );
    member("titan", "");
    writeFileSync(join(root, "deaf"), "stone");
    assert.match((await restart("leave", "tank")).stderr, /not well: stone \(etcd or API server\)/);
    assert.deepEqual(calls(), []);
  });

  it("is allowed to the machine that is itself not well", async () => {
    node("tank", "server", "Unknown no no");
    rmSync(join(root, "members/tank"));
    const { code, stderr } = await restart("leave", "tank");
    assert.equal(code, 0, stderr);
    assert.deepEqual(calls(), ["cordon tank"]);
  });

  it("takes an answer that fails for no answer, and never for none", async () => {
    member("titan", ',"isLearner":true');
    for (const flaw of ["get nodes -o", "get node titan -o jsonpath={.metadata.labels"]) {
      writeFileSync(join(root, "flaw"), flaw);
      assert.equal((await restart("leave", "tank")).code, 1, flaw);
      assert.deepEqual(calls(), [], flaw);
    }
    member("titan", "");
    writeFileSync(join(root, "flaw"), "get node tank");
    assert.equal((await restart("leave", "tank")).code, 1);
    assert.deepEqual(calls(), []);
  });

  it("keeps to budgets of disruption, and lets pods in again when its own do not move", async () => {
    writeFileSync(join(root, "budget"), "");
    const { code, stderr } = await restart("leave", "tank");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /tank is not restarted: not all of its pods could move within 600 s.*disruption budget/s,
    );
    assert.deepEqual(calls(), [
      "cordon tank",
      "drain tank",
      "label tank homelab/bgp-",
      "uncordon tank",
    ]);
  });

  it("leaves a node cordoned that a person cordoned", async () => {
    node("tank", "server", "True true no");
    assert.equal((await restart("leave", "tank")).code, 0);
    assert.equal((await restart("back", "tank")).code, 0);
    assert.deepEqual(calls(), ["drain tank", "label tank homelab/bgp-"]);
  });

  it("is not over before the server votes in etcd again", async () => {
    member("tank", ',"isLearner":true');
    const { code, stderr } = await restart("back", "tank");
    assert.equal(code, 1);
    assert.match(stderr, /tank: etcd or the API server is not back/);
  });

  it("is not over while Cilium has no pod on the node, where there is Cilium", async () => {
    writeFileSync(join(root, "agents"), "");
    assert.equal((await restart("back", "tank")).code, 0);
    writeFileSync(join(root, "cilium"), "daemonset.apps/cilium\n");
    const { code, stderr } = await restart("back", "tank");
    assert.equal(code, 1);
    assert.match(stderr, /tank: Cilium is not Ready/);
  });

  it("takes away the pods that its kubelet has ended, and none that failed by itself", async () => {
    const failed = [
      "Terminated home web-1",
      " ci job-1",
      "NodeShutdown home web-2",
      "Evicted ci job-2",
    ];
    writeFileSync(join(root, "failed"), `${failed.join("\n")}\n`);
    const { code, stderr } = await restart("back", "tank");
    assert.equal(code, 0, stderr);
    const swept = calls().filter((call) => call.startsWith("delete "));
    assert.deepEqual(swept, ["delete home/web-1", "delete home/web-2"]);
  });

  it("moves nothing where there is no other node, and asks nobody where there is no cluster", async () => {
    for (const name of ["tank", "titan", "vault"]) rmSync(join(root, "nodes", name));
    const { code, stderr } = await restart("leave", "stone");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /stone is the only node/);
    rmSync(join(root, "etc/rancher/rke2/rke2.yaml"));
    assert.equal((await restart("leave", "gone")).code, 0);
    assert.deepEqual(calls(), []);
  });
});

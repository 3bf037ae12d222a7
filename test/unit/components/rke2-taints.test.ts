import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scripts } from "../../../components/rke2/scripts.ts";
import { machineRoot, runScript } from "./machine-script.ts";

/**
 * kubectl over files of a node: its taints, a line each, what is remembered of them, and whether it is cordoned and by whom;
 * every call is written down.
 */
const kubectl = String.raw`#!/bin/bash
while [[ $1 == --* ]]; do if [[ $1 == --kubeconfig ]]; then shift; fi; shift; done
echo "$*" >>ROOT/calls
taints=ROOT/nodes/$3
case "$*" in
  "get --raw /readyz") ;;
  "get node "*"range .spec.taints"*) tr '\n' ' ' <"$taints" ;;
  "get node "*homelab/drained*) cat "$taints.drained" 2>/dev/null || true ;;
  "get node "*annotations*) cat "$taints.remembered" 2>/dev/null || true ;;
  "get node "*unschedulable*) if [[ -e $taints.cordoned ]]; then printf true; fi ;;
  "annotate node "*homelab/drained=yes*) printf yes >"$taints.drained" ;;
  "annotate node "*homelab/drained-) rm -f "$taints.drained" ;;
  "cordon "*) touch ROOT/nodes/$2.cordoned ;;
  "drain "*) touch ROOT/nodes/$2.cordoned ;;
  "uncordon "*) rm -f ROOT/nodes/$2.cordoned ;;
  "taint node "*-) grep -Fxv "$(tr -d - <<<"$4")" "$taints" >"$taints.new"; mv "$taints.new" "$taints" ;;
  "taint node "*) echo "$4" >>"$taints" ;;
  "annotate node "*) printf '%s' "$(cut -d= -f2- <<<"$4")" >"$taints.remembered" ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;

const serversOnly = "CriticalAddonsOnly=true:NoExecute";
/** What a controller has set. */
const foreign = "node.kubernetes.io/not-ready=:NoSchedule";

describe("the taints of nodes", () => {
  let root: string;
  const file = (): string => join(root, "nodes/stone");
  const taints = (): readonly string[] => readFileSync(file(), "utf8").split("\n").filter(Boolean);
  const calls = (): readonly string[] => {
    const lines = readFileSync(join(root, "calls"), "utf8").split("\n");
    writeFileSync(join(root, "calls"), "");
    return lines.flatMap((line) => /^(drain|taint|uncordon) .*/.exec(line)?.[0] ?? []);
  };

  beforeEach(() => {
    root = machineRoot();
    for (const folder of ["nodes", "run/lock"]) mkdirSync(join(root, folder), { recursive: true });
    const tool = join(root, "usr/local/bin/kubectl");
    writeFileSync(tool, kubectl.replaceAll("ROOT", root), { mode: 0o755 });
    writeFileSync(file(), `${foreign}\n`);
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const bring = async (...wanted: readonly string[]): Promise<void> => {
    const lines = ["stone", ...wanted].join(" ");
    const { code, stderr } = await runScript(root, scripts.taints, { TAINTS: lines });
    assert.equal(code, 0, stderr);
  };

  it("follow the config both ways, and those of others stay", async () => {
    await bring(serversOnly);
    assert.deepEqual(taints(), [foreign, serversOnly]);
    await bring();
    assert.deepEqual(taints(), [foreign]);
    await bring(serversOnly, "gpu=yes:NoSchedule");
    assert.deepEqual(taints(), [foreign, serversOnly, "gpu=yes:NoSchedule"]);
    await bring("gpu=yes:NoSchedule");
    assert.deepEqual(taints(), [foreign, "gpu=yes:NoSchedule"]);
  });

  it("take away what a node has by its registration alone", async () => {
    writeFileSync(file(), `${serversOnly}\n`);
    await bring();
    assert.deepEqual(taints(), []);
  });

  it("leave alone what somebody else has set of the same form since", async () => {
    await bring();
    writeFileSync(file(), `${serversOnly}\n`);
    await bring();
    assert.deepEqual(taints(), [serversOnly]);
  });

  it("leave a node cordoned that a person cordoned, and no other", async () => {
    writeFileSync(`${file()}.cordoned`, "");
    await bring(serversOnly);
    assert.ok(existsSync(`${file()}.cordoned`));
    rmSync(`${file()}.cordoned`);
    await bring();
    await bring(serversOnly);
    assert.ok(!existsSync(`${file()}.cordoned`));
  });

  it("let pods in again that a run kept away which was cut off while pods moved", async () => {
    for (const left of ["cordoned", "drained"]) writeFileSync(`${file()}.${left}`, "yes");
    await bring(serversOnly);
    assert.deepEqual(taints(), [foreign, serversOnly]);
    assert.ok(!existsSync(`${file()}.cordoned`));
  });

  it("move pods by their budgets before NoExecute ends them, and change nothing when all is as it should be", async () => {
    await bring(serversOnly);
    const [drain, taint, uncordon] = calls();
    assert.match(drain ?? "", /^drain stone --ignore-daemonsets/);
    assert.match(taint ?? "", /^taint node stone CriticalAddonsOnly=true:NoExecute --overwrite/);
    assert.equal(uncordon, "uncordon stone");
    await bring(serversOnly);
    assert.deepEqual(calls(), []);
  });
});

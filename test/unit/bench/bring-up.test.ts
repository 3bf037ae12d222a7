import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { ownShare, pathEntries, pathText } from "../../bench/bring-up.ts";
import { dependenciesOf, hasWork, StepRecorder } from "../../bench/record-up.ts";
import { machineWait, nodeOf } from "../../bench/waits.ts";

const command = "command:remote:Command";
const token = "random:index/randomPassword:RandomPassword";

const bringUp = {
  duration: 10_000,
  steps: [
    { urn: "token", type: token, name: "token", start: 500, end: 600 },
    { urn: "join", type: command, name: "titan-join-command", start: 1000, end: 9000 },
  ],
  dependencies: [["join", ["token"]]] as const,
  nodes: ["tank", "titan"],
};

describe("a recorded bring-up", () => {
  it("names each step's node, seconds and share, and the program's time between steps", () => {
    const entries = pathEntries(bringUp).map(({ node, step, seconds, share }) => [
      node || step,
      seconds,
      share,
    ]);
    assert.deepEqual(entries, [
      ["program and engine", 0.5, 0.05],
      ["site", 0.1, 0.01],
      ["program and engine", 0.4, 0.04],
      ["titan", 8, 0.8],
      ["program and engine", 1, 0.1],
    ]);
    assert.match(pathText(pathEntries(bringUp)), /titan +8\.00 +80\.0 %/);
  });

  it("counts as its own what no machine's wait covers", () => {
    assert.equal(ownShare(bringUp).value, 0.25);
  });

  it("takes scripts, VMs, images and rollouts for machines' waits, and objects of APIs for its own", () => {
    for (const type of [
      command,
      "proxmoxve:index/vmLegacy:VmLegacy",
      "proxmoxve:download/file:File",
      "kubernetes:helm.sh/v3:Release",
      "kubernetes:apps/v1:Deployment",
    ])
      assert.notEqual(machineWait(type), undefined, type);
    for (const type of [token, "kubernetes:core/v1:Secret", "cloudflare:index/dnsRecord:DnsRecord"])
      assert.equal(machineWait(type), undefined, type);
  });

  it("knows a node by the start of a name, the longest first", () => {
    assert.equal(nodeOf("tank-two-join", ["tank", "tank-two"]), "tank-two");
    assert.equal(nodeOf("tanker", ["tank"]), "site");
  });

  it("records operations that do something, from the engine's events", () => {
    let now = 0;
    const recorder = new StepRecorder(() => now);
    const metadata = (op: string, urn: string): unknown => ({ op, urn, type: token });
    const tell = (at: number, event: unknown): void => {
      now = at;
      recorder.listen(event as EngineEvent);
    };
    tell(5, { resourcePreEvent: { metadata: metadata("create", "urn::a") } });
    tell(6, { resourcePreEvent: { metadata: metadata("same", "urn::b") } });
    tell(7, { resOutputsEvent: { metadata: metadata("same", "urn::b") } });
    tell(9, { resOutputsEvent: { metadata: metadata("create", "urn::a") } });
    assert.deepEqual(recorder.steps, [{ urn: "urn::a", type: token, name: "a", start: 5, end: 9 }]);
  });

  it("leaves out components and providers that the engine makes by itself", () => {
    const kept = (type: string, name: string): boolean => hasWork({ type, name });
    assert.equal(kept("homelab:rke2:Cluster", "home"), false);
    assert.equal(kept("pulumi:providers:command", "default_1_2_1"), false);
    assert.equal(kept("pulumi:providers:kubernetes", "kubernetes"), true);
    assert.equal(kept(command, "titan-join-command"), true);
  });

  it("waits for inputs, named resources, parent and provider", () => {
    const found = dependenciesOf([
      {
        urn: "a",
        parent: "p",
        provider: "urn::prov::id",
        dependencies: ["d"],
        propertyDependencies: { x: ["d", "e"], y: null },
      },
    ]);
    assert.deepEqual(found.get("a"), ["d", "e", "p", "urn::prov"]);
  });
});

import assert from "node:assert/strict";
import { diffGraphs, diffValues, type Node } from "../../golden/graph-diff.ts";
import { renderDiff } from "../../golden/render-diff.ts";

const machine = (name: string, more: Record<string, unknown> = {}): Node => ({
  type: "proxmoxve:index/vmLegacy:VmLegacy",
  name,
  inputs: { memory: { dedicated: 8192 }, tags: ["homelab", "home"] },
  ...more,
});

describe("the difference of two graphs", () => {
  it("tells what is created, deleted and changed, by type and name", () => {
    const before = [machine("a"), machine("b")];
    const after = [
      machine("b", { inputs: { memory: { dedicated: 6144 }, tags: ["homelab", "home"] } }),
      machine("c"),
    ];
    const { added, removed, changed } = diffGraphs(before, after);
    assert.deepEqual(
      [added, removed, changed.map(({ node }) => node)].map((nodes) => nodes.map((n) => n.name)),
      [["c"], ["a"], ["b"]],
    );
    assert.deepEqual(changed[0]?.changes, [
      { path: "inputs.memory.dedicated", before: 8192, after: 6144 },
    ]);
  });

  it("names the entries that a list of names gained and lost, wherever they stand", () => {
    assert.deepEqual(diffValues("dependsOn", ["a", "b"], ["b", "c"]), [
      { path: "dependsOn[]", before: "a", after: undefined },
      { path: "dependsOn[]", before: undefined, after: "c" },
    ]);
  });

  it("sees a changed order where nothing else differs", () => {
    assert.equal(diffValues("servers", ["1", "2"], ["2", "1"]).length, 1);
    assert.equal(diffValues("servers", ["1", "2"], ["1", "2"]).length, 0);
  });

  it("compares lists of structures by position, and a shorter one to nothing", () => {
    const changes = diffValues("rules", [{ port: 1 }, { port: 2 }], [{ port: 1 }]);
    assert.deepEqual(changes, [{ path: "rules[1]", before: { port: 2 }, after: undefined }]);
  });

  it("reads as one block a site, with counts, and says when nothing differs", () => {
    assert.match(renderDiff("home", "main", diffGraphs([], [])), /No resource differs/);
    const text = renderDiff("home", "main", diffGraphs([machine("a")], [machine("c")]));
    assert.match(text, /^### home against main\n\n1 to create, 1 to delete, 0 to change\n/);
    assert.match(text, /^- proxmoxve:index\/vmLegacy:VmLegacy a$/m);
    assert.match(text, /^\+ proxmoxve:index\/vmLegacy:VmLegacy c$/m);
  });

  it("cuts long values and long lists, and says how much is left out", () => {
    const long = machine("a", { inputs: { document: "x".repeat(5000) } });
    const text = renderDiff("home", "main", diffGraphs([machine("a")], [long]));
    assert.match(text, /… \(5002 characters\)/);
    const many = Array.from({ length: 75 }, (_, index) => machine(`m${index}`));
    assert.match(renderDiff("home", "main", diffGraphs([], many)), /^# and 15 more$/m);
  });
});

import assert from "node:assert/strict";
import { namespaceLabels } from "../../../components/workload/namespace.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { goldenFile, type GraphNode } from "../../golden/graph.ts";

interface Metadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Names and labels of the namespaces among the resources of a site. */
function registered(stack: string): readonly Metadata[] {
  const graph = JSON.parse(goldenFile(stack)) as readonly GraphNode[];
  return graph
    .filter(({ type }) => type === "kubernetes:core/v1:Namespace")
    .map(({ inputs }) => (inputs as { metadata: Metadata }).metadata);
}

describe("the namespaces of a site", () => {
  for (const stack of ["home", "cabin"]) {
    it(`are all in the list that rules over them read: ${stack}`, () => {
      const file = new URL(`../../../Pulumi.${stack}.yaml`, import.meta.url);
      const { config } = parseSiteConfig(siteFile(file), stack);
      assert.ok(config);
      const listed = siteNamespaces(config).map((plan) => [plan.name, namespaceLabels(plan)]);
      const made = registered(stack).map(({ name, labels }) => [name, labels]);
      assert.deepEqual(Object.fromEntries(listed), Object.fromEntries(made));
      assert.equal(listed.length, made.length);
    });
  }

  it("are restricted unless they say otherwise, in all three modes", () => {
    assert.deepEqual(namespaceLabels({ name: "app", labels: { team: "home" } }), {
      team: "home",
      "pod-security.kubernetes.io/enforce": "restricted",
      "pod-security.kubernetes.io/audit": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
    });
  });
});

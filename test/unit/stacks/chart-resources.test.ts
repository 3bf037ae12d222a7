import assert from "node:assert/strict";
import type { Recorded } from "../../recorder.ts";
import { releasesOf, rendered, recordedCharts } from "./rendered-charts.ts";

/** What asks for nothing counts as nothing: a machine fills beyond its memory, and such a pod is the first to be ended for it. */
describe("containers of charts", () => {
  let resources: readonly Recorded[];
  before(async function () {
    this.timeout(60_000);
    resources = await recordedCharts();
  });

  it("ask for memory", function () {
    this.timeout(120_000);
    const without = releasesOf(resources).flatMap((release) =>
      (rendered(release) ?? []).flatMap(({ metadata, spec: { template } }) =>
        [...(template.spec.initContainers ?? []), ...template.spec.containers]
          .filter(({ resources: own }) => own?.requests?.["memory"] === undefined)
          .map(({ name }) => `${metadata.name ?? ""}/${name}`),
      ),
    );
    assert.deepEqual(without, []);
  });
});

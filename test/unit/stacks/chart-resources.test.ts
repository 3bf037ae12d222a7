import assert from "node:assert/strict";
import type { Recorded } from "../../recorder.ts";
import { recordedHome } from "../components/home-recording.ts";
import { releasesOf, rendered } from "./rendered-charts.ts";

/** What asks for nothing counts as nothing: a machine fills beyond its memory, and such a pod is the first to be ended for it. */
describe("containers of charts", () => {
  let resources: readonly Recorded[];
  before(async function () {
    this.timeout(60_000);
    ({ resources } = await recordedHome({
      monitoring: { grafanaPassword: "op://Homelab/Grafana/password" },
      logs: {},
      // Rook makes its own, which the lab's does not.
      "storage.monitoring": false,
    }));
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

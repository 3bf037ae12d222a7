import assert from "node:assert/strict";
import { passDays } from "../../lab/lab.ts";
import { expectSessions, nodes, readiness } from "./cluster.ts";
import { refused, run } from "./command.ts";
import { doctor, expectNoError, named } from "./doctor.ts";
import { expectNoSilence, watchedUp } from "./probes.ts";
import { eventually, nothingToChange, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

async function everyNodeReady(): Promise<void> {
  const seen = await nodes("home");
  for (const node of seen) assert.equal(readiness(node), "True", node.metadata.name);
  await expectSessions("home", seen.length);
}

describe("months that pass", () => {
  given(siteIsUp);

  it("bring the end of the cluster's certificates near, which doctor and preview say", async () => {
    await passDays(250);
    const report = await doctor();
    assert.equal(
      named(report, "certificates of the cluster", /in 11[45] days/).severity,
      "warning",
    );
    const said = await run`node scripts/preview.ts --stack home`;
    assert.match(said, /end on \d{4}-\d\d-\d\d, in 11[45] days: this run has RKE2 renew them/);
  });

  it("end in an up that renews them, so that 13 months after its beginning the site is as it was", async () => {
    // RKE2 restarts on one node after the other, as for a new release of it.
    const seen = await watchedUp();
    expectNoSilence(seen);
    assert.deepEqual(seen.off, [], "a machine restarted");
    await passDays(150);
    await run`node scripts/preview.ts --stack home --expect-no-changes`;
    await eventually(60, everyNodeReady);
  });
});

describe("a site that nobody looked at for more than a year", () => {
  given(siteIsUp);

  it("refuses its own kubeconfig, and doctor, preview and destroy say why", async () => {
    await passDays(400);
    const report = await doctor();
    assert.equal(named(report, "certificates of the cluster", /ended on/).severity, "error");
    assert.match(await refused`node scripts/preview.ts --stack home`, /ended on \d{4}-\d\d-\d\d/);
    assert.match(await refused`node scripts/destroy.ts --stack home --yes`, /npm run up/);
  });

  it("is whole again after one up", async () => {
    await up("home");
    await nothingToChange("home");
    await eventually(120, everyNodeReady);
    await expectNoError();
  });
});

import assert from "node:assert/strict";
import { attempt, run } from "./command.ts";
import { expectNoError } from "./doctor.ts";
import { nothingToChange, setConfig, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";

const key = "homelab:gateway";
const namespace = "envoy-gateway-system";
/** A kind that others than the part's controller may have objects of. */
const kind = "httproutes.gateway.networking.k8s.io";

const uidOf = async (...object: readonly string[]): Promise<string> =>
  run`kubectl --context home get ${object} -o ${"jsonpath={.metadata.uid}"}`;

/** The one whose objects carry finalizers of their controller, which goes in the same run. */
describe("a part that is switched off", () => {
  given(siteIsUp);

  let kindBefore: string;

  after(async () => {
    await attempt`pulumi config rm --stack home ${key}`;
  });

  it("goes with all that it had, and leaves the kinds to whoever else has objects of them", async () => {
    kindBefore = await uidOf("crd", kind);
    await setConfig(`${key}.enabled`, "false");
    await up("home");
    const { stderr } = await attempt`kubectl --context home get namespace ${namespace}`;
    assert.match(stderr, /not found/);
    assert.equal(await run`kubectl --context home get gatewayclasses,gateways -A -o name`, "");
    assert.equal(await uidOf("crd", kind), kindBefore);
    await nothingToChange("home");
  });

  it("comes back as it was, in one up", async () => {
    await run`pulumi config rm --stack home ${key}`;
    await up("home");
    assert.match(await uidOf("namespace", namespace), /./);
    assert.equal(await uidOf("crd", kind), kindBefore);
    await nothingToChange("home");
    await expectNoError();
  });
});

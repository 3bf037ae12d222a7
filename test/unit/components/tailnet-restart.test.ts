import assert from "node:assert/strict";
import { connectorSpec } from "../../../components/tailnet/connector.ts";
import { otherClass, restartNotice } from "../../../components/tailnet/restart-notice.ts";

describe("a Connector whose pods begin anew", () => {
  const plan = { name: "home-connector-0", replicas: 1, routes: [], exitNode: false };
  const inputs = (spec: Record<string, unknown>) => ({ spec });

  it("is one that gets a class, and none whose routes change", () => {
    const after = connectorSpec("home", plan);
    const { proxyClass, ...before } = after;
    assert.equal(proxyClass, "home-connector-0");
    assert.ok(otherClass(inputs(before), inputs(after)));
    const routes = connectorSpec("home", { ...plan, routes: ["10.42.0.0/16"] });
    assert.ok(!otherClass(inputs(after), inputs(routes)));
  });

  it("is told of where it has one device, for nobody comes through it meanwhile", () => {
    assert.match(restartNotice(plan) ?? "", /^home-connector-0 starts anew.* Run up from the LAN/);
    assert.equal(restartNotice({ ...plan, replicas: 2 }), undefined);
  });
});

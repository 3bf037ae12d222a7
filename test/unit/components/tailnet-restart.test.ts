import assert from "node:assert/strict";
import { connectorSpec } from "../../../components/tailnet/connector.ts";
import {
  otherClass,
  otherRelease,
  restartNotice,
} from "../../../components/tailnet/restart-notice.ts";

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

  it("is one of another release of the operator, whose proxies run its own", () => {
    const release = (version: string, mode = "true") => ({ version, values: { mode } });
    assert.ok(otherRelease(release("1.102.3"), release("1.104.0")));
    assert.ok(!otherRelease(release("1.102.3"), release("1.102.3", "noauth")));
  });

  it("is told of: with one device nobody comes through it meanwhile, and two do not wait for each other", () => {
    assert.match(restartNotice(plan), /^home-connector-0 starts anew.* Run up from the LAN/);
    const both = restartNotice({ ...plan, replicas: 2 });
    assert.match(both, /^home-connector-0 and home-connector-1 start anew.* Run up from the LAN/);
  });
});

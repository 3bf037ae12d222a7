import assert from "node:assert/strict";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { appsSite } from "./apps-site.ts";
import { teslaDeps, teslaSite } from "./tesla-site.ts";

/** Node ports answer at every machine's address on the LAN, whoever the load balancer is for. */
describe("load balancers", () => {
  it("of the site have no node ports", async function () {
    this.timeout(60_000);
    const changes = {
      ...appsSite(),
      ...teslaSite(),
      "gateway.internal": { enabled: true, address: "100.101.102.103" },
    };
    const { resources } = await recordedHome(changes, teslaDeps());
    const services = resources.flatMap(({ type, name, plain }) => {
      const path = type.endsWith(":EnvoyProxy") ? "spec.provider.kubernetes.envoyService" : "spec";
      const spec = at(plain, path) as Record<string, unknown> | undefined;
      return spec?.["type"] === "LoadBalancer" ? [{ name, spec }] : [];
    });
    assert.deepEqual(services.map(({ name }) => name).sort(), [
      "gateway-internal-proxies",
      "gateway-lan-proxies",
      "home-resolver-service",
      "plex-balancer",
      "tesla-service",
    ]);
    for (const { name, spec } of services)
      assert.equal(spec["allocateLoadBalancerNodePorts"], false, name);
  });
});

import assert from "node:assert/strict";
import { appTraffic } from "../../../stacks/apps/traffic.ts";
import { internet, names, pods, tcp, udp } from "../../../components/policies/flow.ts";
import { dnsName, everyName, namesBelow } from "../../../components/policies/names.ts";
import { appPods } from "../../../stacks/parts/policies/egress.ts";
import { gatewayTraffic } from "../../../stacks/parts/gateway/traffic.ts";
import { tailnetTraffic } from "../../../stacks/parts/tailnet/traffic.ts";
import type { SiteConfig } from "../../../stacks/schema.ts";
import { homeConfig } from "./sample.ts";

describe("an application's egress", () => {
  it("is nothing unless its config says so", () => {
    const out = appTraffic(homeConfig({ "apps.typeo.egress": undefined })).filter(
      ({ from }) => from.kind === "pods" && from.namespace === "typeo",
    );
    assert.deepEqual(out, []);
  });

  it("is a flow an entry, to names, networks and the internet, whose names it may look up", () => {
    const egress = [
      { names: ["api.example.com", "**.example.org"], ports: [443] },
      {
        networks: [{ cidr: "192.168.1.0/24", except: ["192.168.1.0/28"] }],
        ports: [123],
        protocol: "UDP",
      },
      { internet: true, ports: [80], http: [{ method: "GET" }] },
    ];
    const flows = appTraffic(homeConfig({ "apps.typeo.egress": egress })).slice(1);
    const [from, why] = [appPods("typeo"), "declared by homelab:apps.typeo.egress"];
    const network = { cidr: "192.168.1.0/24", except: ["192.168.1.0/28"] };
    assert.deepEqual(flows, [
      {
        from,
        to: names(dnsName("api.example.com"), namesBelow("example.org")),
        ports: tcp(443),
        why,
      },
      {
        from,
        to: { kind: "networks", title: "192.168.1.0/24", networks: [network] },
        ports: udp(123),
        why,
      },
      { from, to: internet, ports: tcp(80), http: [{ method: "GET" }], why },
      { from, to: { kind: "questions", names: [everyName] }, why },
    ]);
  });

  it("goes to the gateway of the LAN at all of its listeners, and looks up the names that lead there", () => {
    const config = homeConfig({
      "apps.typeo.egress": [{ gateway: true }],
      "gateway.lan.listeners": [{ name: "syslog", port: 514, protocol: "udp" }],
    });
    const flows = gatewayTraffic(config, () => undefined).filter(
      ({ from }) => from.kind === "pods" && from.namespace === "typeo",
    );
    const why = "declared by homelab:apps.typeo.egress";
    const labels = {
      "app.kubernetes.io/name": "envoy",
      "gateway.envoyproxy.io/owning-gateway-name": "lan",
    };
    assert.deepEqual(flows, [
      {
        from: appPods("typeo"),
        to: pods("proxies of lan", "envoy-gateway-system", labels),
        ports: [...tcp(10_080, 10_443), ...udp(10_514)],
        why,
      },
      {
        from: appPods("typeo"),
        to: { kind: "questions", names: [namesBelow("home.arpa"), namesBelow("example.net")] },
        why,
      },
    ]);
  });

  it("goes to a device of the tailnet through the proxies of its Service, and through no others", () => {
    const egress = [{ tailnet: "nas" }];
    const flows = appTraffic(homeConfig({ "apps.typeo.egress": egress })).slice(1);
    const labels = { "tailscale.com/managed": "true", "tailscale.com/parent-resource": "nas" };
    assert.deepEqual(flows, [
      {
        from: appPods("typeo"),
        to: pods("proxies of nas", "tailscale", labels),
        ports: "all",
        why: "declared by homelab:apps.typeo.egress",
      },
    ]);
  });
});

describe("what proxies of the tailnet lead to", () => {
  const into = (config: SiteConfig) =>
    tailnetTraffic(config).filter(({ to }) => to.kind === "pods" && to.namespace === "typeo");

  it("is nothing of the site's own namespaces", () => {
    assert.deepEqual(into(homeConfig()), []);
  });

  it("is what the site exposes, for each kind of them", () => {
    const exposed = [{ namespace: "typeo", ports: [8080] }];
    const flows = into(homeConfig({ networkPolicy: { exposed } }));
    assert.deepEqual(
      flows.map(({ from, to }) => [from.kind === "pods" && from.title, to]),
      ["proxies of Services", "proxies of Ingresses", "ProxyGroups"].map((title) => [
        title,
        pods("typeo", "typeo"),
      ]),
    );
  });
});

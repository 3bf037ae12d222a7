import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bgpKinds, bgpResources } from "../../../components/network/bgp.ts";
import { ciliumValues } from "../../../components/network/cilium-values.ts";
import { routerConfig } from "../../../components/network/router.ts";
import { routerPlan } from "../../../stacks/parts/network/deploy.ts";
import { homeConfig } from "../stacks/sample.ts";
import { at } from "./at.ts";
import { violations } from "./json-schema.ts";

const config = homeConfig();

function chartSchema(chart: string): object {
  const file = new URL(`../../../lab/charts/${chart}/values.schema.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as object;
}

describe("Cilium values", () => {
  const values = ciliumValues({ pods: "10.42.0.0/16", nodes: 4, clusterName: "home" });

  it("are all known to the chart", () => {
    assert.deepEqual(violations(chartSchema("cilium"), values), []);
  });

  it("reach the API through the node itself and replace kube-proxy", () => {
    assert.equal(values["k8sServiceHost"], "127.0.0.1");
    assert.equal(values["k8sServicePort"], 6443);
    assert.equal(values["kubeProxyReplacement"], true);
  });

  it("have Hubble's certificates made anew on a schedule: the chart's own method makes them once", () => {
    assert.equal(at(values, "hubble.tls.auto.method"), "cronJob");
  });

  it("ask for no more operators than there are nodes: a second would stay pending", () => {
    const operators = (nodes: number) =>
      (
        ciliumValues({ pods: "10.42.0.0/16", nodes, clusterName: "x" })["operator"] as {
          replicas: number;
        }
      ).replicas;
    assert.deepEqual([operators(1), operators(2), operators(4)], [1, 2, 2]);
  });
});

describe("BGP resources", () => {
  const { bgp, loadBalancers } = config.network;
  const resources = bgpResources({ ...bgp, loadBalancers });

  const of = (kind: string) => resources.find((resource) => resource.kind === kind);

  it("hang together by name and label", () => {
    const peer = at(of("CiliumBGPClusterConfig"), "spec.bgpInstances[0].peers[0]");
    assert.equal(at(peer, "peerConfigRef.name"), of("CiliumBGPPeerConfig")?.name);
    assert.deepEqual(
      at(of("CiliumBGPPeerConfig"), "spec.families[0].advertisements.matchLabels"),
      of("CiliumBGPAdvertisement")?.labels,
    );
    assert.deepEqual([at(peer, "peerASN"), at(peer, "peerAddress")], [64_513, "10.0.0.1"]);
  });

  it("wait for the definition of each kind", () => {
    assert.deepEqual(
      [...bgpKinds].sort(),
      resources.map(({ kind }) => `${kind.toLowerCase()}s.cilium.io`).sort(),
    );
  });

  it("announce pods and every kind of service address", () => {
    const advertisement = of("CiliumBGPAdvertisement");
    assert.equal(at(advertisement, "spec.advertisements[0].advertisementType"), "PodCIDR");
    assert.deepEqual(at(advertisement, "spec.advertisements[1].service.addresses"), [
      "ClusterIP",
      "ExternalIP",
      "LoadBalancerIP",
    ]);
  });
});

describe("router config", () => {
  const plan = routerPlan({ name: "home", config: config });
  const { bird, frr, unifi } = routerConfig(plan);

  it("peers with every node from the router's own address", () => {
    for (const { address } of config.machines) {
      assert.match(bird, new RegExp(`neighbor ${address} as 64512;`));
      assert.match(frr, new RegExp(`neighbor ${address} peer-group cluster`));
    }
    assert.match(bird, /local 10\.0\.0\.1 as 64513;/);
    assert.match(frr, /neighbor cluster update-source 10\.0\.0\.1/);
  });

  it("takes the site's networks down to single addresses, and nothing else", () => {
    assert.match(
      bird,
      /net ~ \[ 10\.42\.0\.0\/16\+, 10\.43\.0\.0\/16\+, 10\.96\.0\.0\/16\+ \] then accept;\n {2}reject;/,
    );
    for (const prefix of plan.prefixes) assert.ok(frr.includes(`permit ${prefix} le 32`));
  });

  it("gives UniFi the routing commands without the lines of a whole frr.conf", () => {
    assert.ok(frr.includes(unifi));
    assert.ok(!unifi.includes("hostname"));
  });

  it("is accepted by BIRD", () => {
    const folder = mkdtempSync(join(tmpdir(), "bird-"));
    try {
      writeFileSync(join(folder, "bird.conf"), bird);
      execFileSync("/usr/sbin/bird", ["-p", "-c", join(folder, "bird.conf")], { stdio: "pipe" });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { definitionOf } from "../../../components/network/announcement.ts";
import { bgpResources, passwordSecret } from "../../../components/network/bgp.ts";
import { ciliumValues } from "../../../components/network/cilium-values.ts";
import { addressPool, l2Policy } from "../../../components/network/load-balancers.ts";
import { scripts } from "../../../components/rke2/scripts.ts";
import { poolNetworks, type AddressPool } from "../../../components/network/pool.ts";
import { routerConfig } from "../../../components/network/router.ts";
import { routerPlans } from "../../../stacks/parts/network/deploy.ts";
import { homeConfig } from "../stacks/sample.ts";
import { at } from "./at.ts";
import { violations } from "./json-schema.ts";
import { valuesSchema } from "./lab-schema.ts";

const config = homeConfig();

describe("Cilium values", () => {
  const plan = {
    ...{
      version: "1.19.6",
      pods: "10.42.0.0/16",
      nodes: 4,
      clusterName: "home",
      interface: "eth0",
      mtu: 1500,
    },
    ...({ exposeServices: true, announce: "bgp", metrics: true } as const),
  } as const;
  const values = ciliumValues(plan);

  it("are all known to the chart", () => {
    assert.deepEqual(violations(valuesSchema("cilium"), values), []);
    assert.deepEqual(
      violations(valuesSchema("cilium"), ciliumValues({ ...plan, announce: "l2" })),
      [],
    );
  });

  it("reach one node after the other, for pods of a node without its agent look up no names", () => {
    for (const path of ["updateStrategy", "envoy.updateStrategy"])
      assert.equal(at(values, `${path}.rollingUpdate.maxUnavailable`), 1);
  });

  it("let ClusterIPs answer from outside as asked, and packets that a pod forwards reach them always", () => {
    assert.equal(at(values, "bpf.lbExternalClusterIP"), true);
    const closed = ciliumValues({ ...plan, exposeServices: false });
    assert.equal(at(closed, "bpf.lbExternalClusterIP"), false);
    for (const each of [values, closed]) assert.equal(at(each, "socketLB.hostNamespaceOnly"), true);
  });

  it("name the LAN's interface and its MTU, so that tailscaled's counts for neither", () => {
    const jumbo = ciliumValues({ ...plan, interface: "ens18", mtu: 9000 });
    assert.deepEqual([jumbo["devices"], jumbo["MTU"]], ["ens18", 9000]);
  });

  it("let operators run on servers without ordinary pods, beside what the chart tolerates", () => {
    const keys = (values["operator"] as { tolerations: { key: string }[] }).tolerations;
    assert.ok(keys.some(({ key }) => key === "CriticalAddonsOnly"));
    const chart = readFileSync(
      new URL("../../../lab/charts/cilium/values.yaml", import.meta.url),
      "utf8",
    );
    const own = (parse(chart) as { operator: { tolerations: { key: string }[] } }).operator;
    for (const { key } of own.tolerations)
      assert.ok(
        keys.some((each) => each.key === key),
        key,
      );
  });

  it("give L2 announcements requests enough, and leave BGP off then", () => {
    const l2 = ciliumValues({ ...plan, announce: "l2" });
    assert.equal(at(l2, "l2announcements.enabled"), true);
    assert.equal(at(l2, "bgpControlPlane.enabled"), false);
    // Cilium's sizing: services over the seconds of a renewal.
    assert.equal(at(l2, "k8sClientRateLimit.qps"), 30);
    assert.equal(values["l2announcements"], undefined);
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
      (ciliumValues({ ...plan, nodes })["operator"] as { replicas: number }).replicas;
    assert.deepEqual([operators(1), operators(2), operators(4)], [1, 2, 2]);
  });
});

const peers = [{ name: "router", asn: 64_513, address: "10.0.0.1" }];

describe("BGP resources", () => {
  const resources = bgpResources({ localAsn: 64_512, peers, exposeServices: true });

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

  it("leave out a node that is about to go, by the label that its restart sets", () => {
    const selector = at(of("CiliumBGPClusterConfig"), "spec.nodeSelector.matchExpressions[0]");
    assert.deepEqual(selector, { key: "homelab/bgp", operator: "NotIn", values: ["out"] });
    assert.match(scripts.restart, /^bgp=homelab\/bgp$/m);
    assert.match(scripts.dismiss, /leave_bgp "\$LEAVER"/);
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

  it("announce no ClusterIPs where services are not exposed", () => {
    const [advertisement] = bgpResources({ localAsn: 64_512, peers, exposeServices: false });
    assert.deepEqual(at(advertisement, "spec.advertisements[1].service.addresses"), [
      "ExternalIP",
      "LoadBalancerIP",
    ]);
  });

  it("keep a restarting agent's routes for as long as Cilium does by itself", () => {
    assert.equal(at(of("CiliumBGPPeerConfig"), "spec.gracefulRestart.restartTimeSeconds"), 120);
  });

  it("are a config for each of several routers, with a password where it has one", () => {
    const second = { name: "upstairs", asn: 64_514, address: "10.0.0.2", password: "s3cret" };
    const both = bgpResources({
      localAsn: 64_512,
      peers: [...peers, second],
      exposeServices: true,
    });
    const configs = both.filter(({ kind }) => kind === "CiliumBGPPeerConfig");
    assert.deepEqual(
      configs.map(({ name, spec }) => [name, spec["authSecretRef"]]),
      [
        ["router", undefined],
        ["upstairs", passwordSecret.of(second)],
      ],
    );
    const cluster = both.find(({ kind }) => kind === "CiliumBGPClusterConfig");
    assert.equal(at(cluster, "spec.bgpInstances[0].peers[1].peerConfigRef.name"), "upstairs");
    assert.ok(!JSON.stringify(both).includes("s3cret"));
  });

  it("name the definitions that Cilium's operator installs", () => {
    const kinds = [...resources, addressPool("10.96.0.0/16"), l2Policy({ interface: "eth0" })];
    assert.deepEqual(
      [...new Set(kinds.map(definitionOf))],
      [
        "ciliumbgpadvertisements.cilium.io",
        "ciliumbgppeerconfigs.cilium.io",
        "ciliumbgpclusterconfigs.cilium.io",
        "ciliumloadbalancerippools.cilium.io",
        "ciliuml2announcementpolicies.cilium.io",
      ],
    );
  });
});

describe("load balancers' addresses", () => {
  it("leave out the first and the last of a network", () => {
    assert.deepEqual(addressPool("10.96.0.0/16").spec, {
      allowFirstLastIPs: "No",
      blocks: [{ cidr: "10.96.0.0/16" }],
    });
  });

  it("can be a run of addresses", () => {
    const pool = { start: "192.168.1.200", stop: "192.168.1.239" };
    assert.deepEqual(addressPool(pool).spec["blocks"], [pool]);
  });

  it("are routed as the fewest networks that hold them and nothing else", () => {
    const cases: [AddressPool, string[]][] = [
      ["10.96.0.0/16", ["10.96.0.0/16"]],
      [{ start: "10.9.0.7", stop: "10.9.0.7" }, ["10.9.0.7/32"]],
      [
        { start: "10.9.0.1", stop: "10.9.0.6" },
        ["10.9.0.1/32", "10.9.0.2/31", "10.9.0.4/31", "10.9.0.6/32"],
      ],
      [{ start: "0.0.0.0", stop: "255.255.255.255" }, ["0.0.0.0/0"]],
    ];
    for (const [pool, networks] of cases) assert.deepEqual(poolNetworks(pool), networks);
  });

  it("are answered for on the LAN's interface alone", () => {
    assert.deepEqual(l2Policy({ interface: "eth0.20" }).spec["interfaces"], ["^eth0\\.20$"]);
  });
});

describe("router config", () => {
  const reveal = (): string => assert.fail("no secret is needed");
  const [plan] = routerPlans({ name: "home", config, secrets: { reveal } });
  assert.ok(plan);
  const { bird, frr, unifi } = routerConfig(plan);

  it("peers with every node from the router's own address", () => {
    for (const { address } of config.machines) {
      assert.match(bird, new RegExp(`neighbor ${address} as 64512;`));
      assert.match(frr, new RegExp(`neighbor ${address} peer-group nodes-home`));
    }
    assert.match(bird, /local 10\.0\.0\.1 as 64513;/);
    assert.match(frr, /neighbor nodes-home update-source 10\.0\.0\.1/);
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

  it("asks the nodes for the password, where one is given", () => {
    const guarded = routerConfig({ ...plan, password: "pa$s;word#1" });
    assert.match(guarded.bird, /^ {2}password "pa\$s;word#1";$/m);
    assert.match(guarded.frr, /^ neighbor nodes-home password pa\$s;word#1$/m);
    assert.ok(!bird.includes("password") && !frr.includes("password"));
  });

  it("is accepted by BIRD", () => {
    for (const each of [plan, { ...plan, password: "pa$s;word#1" }])
      acceptedByBird(routerConfig(each).bird);
  });

  it("is accepted by BIRD behind that of another site, from its filter on, with names of its own", () => {
    const peers = [{ name: "proxmox-barn", address: "192.168.7.21" }];
    const other = { ...plan, site: "barn-2", localAsn: 64_520, prefixes: ["10.62.0.0/16"], peers };
    const second = routerConfig(other);
    acceptedByBird(bird + second.bird.slice(second.bird.indexOf("filter ")));
    const named = (text: string): readonly string[] =>
      text.match(/(?:prefix-list|route-map|neighbor) [a-z]\S*/g) ?? [];
    assert.deepEqual(
      named(frr).filter((name) => named(second.frr).includes(name)),
      [],
    );
  });
});

function acceptedByBird(bird: string): void {
  const folder = mkdtempSync(join(tmpdir(), "bird-"));
  try {
    writeFileSync(join(folder, "bird.conf"), bird);
    execFileSync("/usr/sbin/bird", ["-p", "-c", join(folder, "bird.conf")], { stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

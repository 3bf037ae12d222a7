import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { answerProblem, tcpProblem } from "../../../stacks/doctor/ask.ts";
import { judgeBridges } from "../../../stacks/parts/proxmox/doctor/bridges.ts";
import {
  judgeAnswer,
  judgeLeases,
  publishedService,
} from "../../../stacks/parts/network/doctor/load-balancers.ts";
import { judgePeers } from "../../../stacks/parts/network/doctor/bgp.ts";
import { homeConfig } from "../stacks/sample.ts";

const service = (name: string, ip: string | undefined, protocol = "TCP") => ({
  metadata: { name, namespace: "web" },
  spec: { type: "LoadBalancer", ports: [{ port: 80, protocol }] },
  status: { loadBalancer: { ingress: ip === undefined ? [] : [{ ip }] } },
});

describe("the doctor at load balancers", () => {
  it("wants an answer: through a router that sees half of it, a connection opens and stays silent", async () => {
    const taken: Socket[] = [];
    const silent = createServer((socket) => taken.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    try {
      assert.equal(await tcpProblem("127.0.0.1", port, 200), undefined);
      assert.match((await answerProblem("127.0.0.1", port, 200)) ?? "", /no answer within 0\.2 s/);
    } finally {
      for (const socket of taken) socket.destroy();
      silent.close();
    }
  });

  it("takes whatever comes back for an answer, an end of the connection too", async () => {
    const closing = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => closing.listen(0, "127.0.0.1", resolve));
    const { port } = closing.address() as AddressInfo;
    try {
      assert.equal(await answerProblem("127.0.0.1", port, 2_000), undefined);
    } finally {
      closing.close();
    }
  });

  it("tries the first one that has an address and a TCP port", () => {
    const tried = publishedService([
      service("none", undefined),
      service("dns", "10.96.0.1", "UDP"),
      service("web", "10.96.0.2"),
    ]);
    assert.deepEqual(tried, { name: "web/web", address: "10.96.0.2", port: 80 });
  });

  it("leaves load balancers of another class to who made them, as the tailnet's", () => {
    const tailnet = service("tailnet", "100.101.102.103");
    const foreign = { ...tailnet, spec: { ...tailnet.spec, loadBalancerClass: "tailscale" } };
    const web = service("web", "192.168.2.200");
    const own = { ...web, spec: { ...web.spec, loadBalancerClass: "io.cilium/l2-announcer" } };
    assert.equal(publishedService([foreign]), undefined);
    assert.equal(publishedService([foreign, own])?.name, "web/web");
    assert.deepEqual(judgeLeases([foreign], [], ["proxmox-hut"]), []);
    assert.equal(judgeLeases([own], [], ["proxmox-hut"]).length, 1);
  });

  it("says what a stateful router does to the LAN, and what must be free on it", () => {
    const one = { name: "web/web", address: "10.96.0.2", port: 80 };
    const bgp = judgeAnswer({ l2: false, exposeServices: true }, one, "no answer within 5 s");
    assert.deepEqual([bgp.severity, /half of each connection/.test(bgp.remedy)], ["warning", true]);
    const l2 = judgeAnswer({ l2: true, exposeServices: true }, one, "no answer within 5 s");
    assert.match(l2.remedy, /DHCP range/);
    assert.equal(
      judgeAnswer({ l2: false, exposeServices: true }, undefined, undefined).severity,
      "ok",
    );
  });

  it("wants a machine of the site to answer on the LAN for each address", () => {
    const lease = (name: string, holderIdentity: string) => ({
      metadata: { name: `cilium-l2announce-web-${name}` },
      spec: { holderIdentity },
    });
    const services = ["a", "b", "c"].map((name) => service(name, "192.168.2.200"));
    const found = judgeLeases(
      services,
      [lease("a", "proxmox-hut"), lease("b", "gone")],
      ["proxmox-hut"],
    );
    assert.deepEqual(
      found.map(({ severity }) => severity),
      ["ok", "warning", "error"],
    );
  });
});

describe("the doctor at several routers", () => {
  it("names the one whose session is down, and its password", () => {
    const bgp = {
      localAsn: 64_512,
      peers: [
        { asn: 64_513, address: "10.0.0.1" },
        { asn: 64_514, address: "10.0.0.2", password: "op://Homelab/Router/bgp-password" },
      ],
    };
    const status = {
      bgpInstances: [{ peers: [{ peerAddress: "10.0.0.1", peeringState: "established" }] }],
    };
    const [found] = judgePeers(bgp, ["a"], [{ metadata: { name: "a" }, status }]);
    assert.match(found?.text ?? "", /not established: 10\.0\.0\.2 unknown/);
    assert.match(found?.remedy ?? "", /64514 \(router\), and 10\.0\.0\.2 and the password/);
    assert.ok(!found?.remedy.includes("op://"));
  });
});

describe("the doctor at the hosts' bridges", () => {
  const config = homeConfig({
    "machines[0].cards": [{ bridge: "vmbr1", mtu: 9000 }],
  });
  const bridge = (iface: string, mtu?: string) => ({ iface, type: "bridge", mtu });

  it("misses one that a machine is to join, and the MTU that one does not carry", () => {
    const [missing] = judgeBridges("stone", config, [bridge("vmbr0")]);
    assert.match(missing?.text ?? "", /vmbr1, which proxmox-stone is to join/);
    const [small] = judgeBridges("stone", config, [bridge("vmbr0"), bridge("vmbr1")]);
    assert.match(small?.text ?? "", /vmbr1 carries 1500 bytes, proxmox-stone is to have 9000/);
  });

  it("warns of a bridge that carries less than pods send", () => {
    const [small] = judgeBridges("tank", homeConfig(), [bridge("vmbr0", "1450")]);
    assert.match(small?.text ?? "", /vmbr0 carries 1450 bytes.*1500/);
    assert.match(small?.remedy ?? "", /homelab:site\.mtu/);
    const told = homeConfig({ "site.mtu": 1450 });
    const [fits] = judgeBridges("tank", told, [bridge("vmbr0", "1450")]);
    assert.equal(fits?.severity, "ok");
  });

  it("has nothing to say where all is there", () => {
    const all = [bridge("vmbr0"), bridge("vmbr1", "9000")];
    for (const host of ["stone", "tank"])
      assert.deepEqual(
        judgeBridges(host, config, all).map(({ severity }) => severity),
        ["ok"],
      );
  });
});

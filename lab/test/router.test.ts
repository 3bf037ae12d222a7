import assert from "node:assert/strict";
import { sites } from "../world/inventory.ts";
import { parseRoutes, parseSessions } from "../network/bird.ts";
import { routeChanges } from "../network/learned-routes.ts";
import { dnsmasqConfig, machineHosts } from "../network/dns.ts";
import { birdOutput, stackOutputs } from "../host/stacks.ts";

// As BIRD 2.0.12 prints them.
const protocols = `BIRD 2.0.12 ready.
Access restricted
Name       Proto      Table      State  Since         Info
device1    Device     ---        up     16:30:21.238  

proxmox_stone BGP        ---        up     16:30:25.147  Established   
  BGP state:          Established
    Neighbor address: 192.168.1.21
    Neighbor AS:      64512
    Local AS:         64513
  Channel ipv4
    State:          UP
    Routes:         2 imported, 0 exported, 1 preferred
    Route change stats:     received   rejected   filtered    ignored   accepted
      Import updates:              2          0          0          0          2

proxmox_titan BGP        ---        start  16:30:21.238  Connect       
  BGP state:          Connect
    Neighbor address: 192.168.1.23
    Neighbor AS:      64512
    Local AS:         64513
  Channel ipv4
    State:          DOWN
`;

const table = `BIRD 2.0.12 ready.
Table master4:
10.42.21.0/24        unicast [proxmox_stone 16:30:25.413] * (100) [AS64512i]
\tvia 192.168.1.21 on eth0
10.43.0.0/16         unicast [proxmox_stone 16:30:25.413] * (100) [AS64512i]
\tvia 192.168.1.21 on eth0
                     unicast [proxmox_tank 16:30:25.414] (100) [AS64512i]
\tvia 192.168.1.22 on eth0
10.0.0.1/32          unicast [direct1 16:30:21.239] * (240)
\tdev lo
`;

describe("what BIRD says", () => {
  it("gives each BGP session with its peer, its state and its routes", () => {
    const stone = { name: "proxmox_stone", neighbor: "192.168.1.21", asn: 64512 };
    const titan = { name: "proxmox_titan", neighbor: "192.168.1.23", asn: 64512 };
    assert.deepEqual(parseSessions(protocols), [
      { ...stone, state: "Established", since: "16:30:25.147", imported: 2 },
      { ...titan, state: "Connect", since: "16:30:21.238", imported: 0 },
    ]);
  });

  it("gives a destination that is named once to every peer that has it", () => {
    const service = parseRoutes(table).filter(({ prefix }) => prefix === "10.43.0.0/16");
    assert.deepEqual(service, [
      { prefix: "10.43.0.0/16", protocol: "proxmox_stone", via: ["192.168.1.21"], best: true },
      { prefix: "10.43.0.0/16", protocol: "proxmox_tank", via: ["192.168.1.22"], best: false },
    ]);
  });
});

describe("the seat's routes to what a router has learned", () => {
  const learned = [
    { dst: "10.42.0.0/24", gateway: "192.168.1.21" },
    { dst: "10.43.0.0/16", nexthops: [{}, {}] },
    { dst: "192.168.1.0/24" },
    { dst: "default", gateway: "192.168.1.2" },
  ];

  it("are added for what has a next hop, but never a default", () => {
    assert.deepEqual(routeChanges(learned, [], "192.168.1.1"), [
      "route replace 10.42.0.0/24 via 192.168.1.1 proto 208",
      "route replace 10.43.0.0/16 via 192.168.1.1 proto 208",
    ]);
  });

  it("go when the router has forgotten them, and leave those of other sites alone", () => {
    const seat = [
      { dst: "10.42.9.0/24", gateway: "192.168.1.1" },
      { dst: "10.52.0.0/24", gateway: "192.168.2.1" },
    ];
    assert.deepEqual(routeChanges([], seat, "192.168.1.1"), [
      "route del 10.42.9.0/24 via 192.168.1.1 proto 208",
    ]);
  });
});

describe("a router's DNS", () => {
  const [home] = sites;
  assert.ok(home);
  const config = dnsmasqConfig(home, sites, "/run/hosts", "/run/names").split("\n");

  it("listens on the LAN and on the router's own address only", () => {
    const listening = config.filter((line) => line.startsWith("listen-address="));
    assert.deepEqual(listening, ["listen-address=192.168.1.1", "listen-address=10.0.0.1"]);
  });

  it("sends the other site's names to its router and denies the rest of the internet", () => {
    assert.ok(config.includes("server=/cabin.home.arpa/192.168.2.1"));
    assert.ok(config.includes("address=/#/"));
    assert.ok(config.includes("host-record=github.com,203.0.113.10"));
  });

  it("knows machines by their short and their full name", () => {
    const machine = { name: "proxmox-stone", address: "192.168.1.21/24" };
    assert.equal(
      machineHosts(home, [machine]),
      "192.168.1.21\tproxmox-stone.home.arpa proxmox-stone\n",
    );
  });
});

describe("a stack's checkpoint", () => {
  const checkpoint = (resources: unknown): string =>
    JSON.stringify({ version: 3, checkpoint: { latest: { resources } } });

  it("gives the router's configuration from the stack's outputs", () => {
    const outputs = { router: { bird: "router id 1.1.1.1;", frr: "" } };
    const text = checkpoint([{ type: "pulumi:pulumi:Stack", outputs }]);
    assert.equal(birdOutput(stackOutputs(text)), "router id 1.1.1.1;");
  });

  it("gives none once the stack is destroyed", () => {
    assert.equal(birdOutput(stackOutputs(checkpoint(null))), undefined);
  });

  it("gives none when the output is encrypted, because no router can read it", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
    const text = checkpoint([{ type: "pulumi:pulumi:Stack", outputs: { router: secret } }]);
    assert.equal(birdOutput(stackOutputs(text)), undefined);
  });
});

import assert from "node:assert/strict";
import {
  lanProblems,
  neighbourOf,
  otherStacks,
  type LanArgs,
} from "../../../components/proxmox/neighbours.ts";
import { vmArgs } from "../../../components/proxmox/vm-args.ts";
import { sitePlan } from "../../../stacks/parts/machines/plan.ts";
import { homeConfig, type Changes } from "../stacks/sample.ts";

/** Another stack with addresses of its own, beside home. */
const apart: Changes = {
  "cluster.vip": "192.168.1.30",
  "network.loadBalancers": "10.97.0.0/16",
  ...Object.fromEntries([0, 1, 2, 3].map((i) => [`machines[${i}].address`, `192.168.1.${31 + i}`])),
};
const byArp: Changes = {
  ...{ "network.bgp": undefined, "network.l2": true },
  "network.loadBalancers": { start: "192.168.1.200", stop: "192.168.1.239" },
};

const look = { generation: "gen-0000aaaa", offline: false, leaveDisks: false };

/** The machines of a stack as Proxmox shows them to another. */
function seen(name: string, changes: Changes) {
  const config = homeConfig(changes);
  const site = sitePlan({ name, config });
  return config.machines.map((machine, i) => {
    const { vmId, host } = { ...machine, vmId: 300 + i };
    const { description, networkDevices, initialization, tags } = vmArgs(
      site,
      { ...machine, ...look, stands: true },
      1,
      "",
    );
    const [card] = networkDevices;
    const tag = card?.vlanId === undefined ? "" : `,tag=${card.vlanId}`;
    return neighbourOf(
      { vmId, host, name: machine.name, tags },
      {
        description,
        net0: `virtio=${card?.macAddress},bridge=${card?.bridge}${tag},firewall=0`,
        ipconfig0: `gw=192.168.1.1,ip=${initialization.ipConfigs[0]?.ipv4.address}`,
      },
    );
  });
}

const problems = (
  home: Changes,
  other: Changes,
  { founded = false, stands = false }: Partial<Pick<LanArgs, "founded"> & { stands: boolean }> = {},
): readonly string[] => {
  const config = homeConfig(home);
  const machines = config.machines.map((machine) => ({ ...machine, ...look, stands }));
  const site = sitePlan({ name: "home", config });
  return lanProblems({ site, machines, founded, neighbours: seen("loft", other) }).map(
    ({ path, text }) => `${path}: ${text}`,
  );
};

describe("what another stack on the Proxmox cluster has on the LAN", () => {
  it("is told by its machines, whichever way its load balancers are announced", () => {
    const [bgp] = seen("loft", apart);
    assert.deepEqual(bgp?.cluster, {
      ...{ vip: "192.168.1.30", loadBalancers: "10.97.0.0/16", routers: ["10.0.0.1"] },
    });
    assert.deepEqual([bgp.address, bgp.lan], ["192.168.1.31", { bridge: "vmbr0", vlan: 0 }]);
    const [arp] = seen("loft", { ...apart, ...byArp, "site.vlan": 20 });
    assert.deepEqual(arp?.cluster?.loadBalancers, {
      start: "192.168.1.200",
      stop: "192.168.1.239",
    });
    assert.deepEqual([arp?.cluster?.routers, arp?.lan.vlan], [[], 20]);
  });

  it("is nothing where machines are of nobody, of this site, or were made before they told it", () => {
    const machine = { vmId: 300, name: "photos", host: "stone" };
    const tagged = (...tags: string[]) => otherStacks("home", [{ ...machine, tags }]).length;
    assert.deepEqual([tagged(), tagged("homelab"), tagged("homelab", "homelab-home")], [0, 0, 0]);
    assert.equal(tagged("homelab", "homelab-loft"), 1);
    const old = {
      description: "a.home.arpa, made by the homelab stack loft",
      ipconfig0: "ip=dhcp",
    };
    const { cluster, address } = neighbourOf({ ...machine, tags: ["homelab-loft"] }, old);
    assert.deepEqual([cluster, address], [undefined, undefined]);
  });

  it("is not taken: no address of its machines and of its control plane", () => {
    assert.deepEqual(problems({}, apart), []);
    const [machine] = problems({}, { ...apart, "machines[1].address": "192.168.1.23" });
    assert.match(
      machine ?? "",
      /^homelab:machines\[2\]\.address \(proxmox-titan\): 192\.168\.1\.23 is the address of proxmox-tank \(VM 301\) of the stack loft/,
    );
    const [vip] = problems({}, { ...apart, "cluster.vip": "192.168.1.20" });
    assert.match(vip ?? "", /^homelab:cluster\.vip: 192\.168\.1\.20 is the control plane's of the/);
    const [at] = problems({ "cluster.vip": "192.168.1.33" }, apart);
    assert.match(at ?? "", /^homelab:cluster\.vip: .*is the address of proxmox-titan \(VM 302\)/);
  });

  it("is not taken: no load balancer's address, on the LAN or by the same router", () => {
    assert.match(
      problems({}, { ...apart, "network.loadBalancers": "10.96.128.0/17" }).join("\n"),
      /^homelab:network\.loadBalancers: 10\.96\.0\.0\/16 holds what is of the load balancers 10\.96\.128\.0\/17 of the stack loft/,
    );
    const elsewhere = { ...apart, "network.loadBalancers": "10.96.0.0/16" };
    assert.deepEqual(problems({}, { ...elsewhere, "network.bgp.routerAddress": "10.0.0.2" }), []);
    const arp = { ...apart, ...byArp };
    assert.match(
      problems(byArp, arp).join("\n"),
      /loadBalancers: 192\.168\.1\.200 to .*holds what/,
    );
    assert.match(
      problems({ "machines[0].address": "192.168.1.222" }, arp).join("\n"),
      /\(proxmox-stone\): 192\.168\.1\.222 is of the load balancers 192\.168\.1\.200 to/,
    );
  });

  it("is another's in another VLAN, and what stands already gives nothing away", () => {
    const same = { "cluster.vip": "192.168.1.20", "network.loadBalancers": "10.97.0.0/16" };
    assert.equal(problems({}, same).length, 5);
    assert.deepEqual(problems({}, { ...same, "site.vlan": 20 }), []);
    assert.deepEqual(problems({}, same, { founded: true, stands: true }), []);
  });
});

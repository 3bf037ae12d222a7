import assert from "node:assert/strict";
import fc from "fast-check";
import { networkCards } from "../../../components/proxmox/cards.ts";
import { cardMac, machineMac } from "../../../components/proxmox/mac.ts";
import { sitePlan } from "../../../stacks/parts/machines/plan.ts";
import { homeConfig, type Changes } from "../stacks/sample.ts";

/** The first machine's cards, after changes of the site file. */
function cardsAfter(changes: Changes) {
  const config = homeConfig(changes);
  const machine = config.machines[0];
  assert.ok(machine);
  return networkCards(sitePlan({ name: "home", config }), machine);
}

describe("a machine's network cards", () => {
  it("are one on the site's bridge, with the LAN's own prefix", () => {
    const { networkDevices, ipConfigs } = cardsAfter({
      ...{ "site.lan": "192.168.0.0/22", "site.gateway": "192.168.1.1" },
    });
    assert.deepEqual(networkDevices, [
      { model: "virtio", bridge: "vmbr0", macAddress: "02:A8:01:00:00:79" },
    ]);
    assert.deepEqual(ipConfigs, [{ ipv4: { address: "192.168.1.21/22", gateway: "192.168.1.1" } }]);
  });

  it("carry the site's VLAN tag and MTU, unless the machine's own way to the LAN is another", () => {
    const site = { "site.vlan": 20, "site.mtu": 9000 };
    const [card] = cardsAfter(site).networkDevices;
    assert.deepEqual([card?.bridge, card?.vlanId, card?.mtu], ["vmbr0", 20, 9000]);
    const own = { "machines[0].network": { bridge: "lan_1", vlan: 0 } };
    const [other] = cardsAfter({ ...site, ...own }).networkDevices;
    assert.deepEqual([other?.bridge, other?.vlanId, other?.mtu], ["lan_1", undefined, 9000]);
  });

  it("have further ones with addresses of their own, by position and without a gateway", () => {
    const { networkDevices, ipConfigs } = cardsAfter({
      "machines[0].cards": [
        { bridge: "vmbr2", vlan: 30, address: "10.10.10.21/24", mtu: 9000 },
        { bridge: "vmbr1" },
      ],
    });
    assert.deepEqual(ipConfigs.slice(1), [{ ipv4: { address: "10.10.10.21/24" } }]);
    assert.deepEqual(
      networkDevices.map(({ bridge, vlanId, mtu }) => [bridge, vlanId, mtu]),
      [
        ["vmbr0", undefined, undefined],
        ["vmbr2", 30, 9000],
        ["vmbr1", undefined, undefined],
      ],
    );
    assert.equal(new Set(networkDevices.map(({ macAddress }) => macAddress)).size, 3);
  });

  it("have unicast, locally administered addresses that no first card has", () => {
    const vmId = fc.integer({ min: 100, max: 999_999_999 });
    fc.assert(
      fc.property(vmId, vmId, fc.integer({ min: 1, max: 7 }), (a, b, index) => {
        const mac = cardMac({ vmId: a, address: "10.0.3.9" }, index);
        assert.match(mac, /^[0-9A-F][26AE](:[0-9A-F]{2}){5}$/);
        assert.notEqual(mac, machineMac({ vmId: b, address: "10.0.3.9" }));
        assert.equal(mac === cardMac({ vmId: b, address: "10.0.3.9" }, index), a === b);
      }),
    );
  });
});

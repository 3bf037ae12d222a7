import { failure } from "./api-error.ts";
import { cloudInitDrive } from "./cloud-init.ts";
import { parseProperties } from "./property-string.ts";
import type { Call, Route } from "./route.ts";
import { vmOf, type Site } from "./site.ts";
import type { StoredVm } from "./store.ts";
import { parseNetwork } from "./vm-network.ts";

/**
 * The QEMU guest agent. It answers when the VM was started with it, and `qemu-guest-agent` is installed in the machine:
 * cloud images come without it.
 */
export function agentRoutes(site: Site): Route[] {
  return [
    {
      method: "GET",
      path: "nodes/:node/qemu/:vmid/agent/network-get-interfaces",
      parameters: [],
      handle: async (call) => ({ result: await interfaces(site, agentOf(site, call)) }),
    },
    {
      method: "POST",
      path: "nodes/:node/qemu/:vmid/agent/ping",
      parameters: [],
      handle: (call) => {
        agentOf(site, call);
        return { result: {} };
      },
    },
  ];
}

/** True when the config of the VM enables the agent. */
export function agentEnabled(vm: StoredVm): boolean {
  const properties = parseProperties(vm.config.agent ?? "0", "enabled");
  return properties.get("enabled") === "1";
}

function agentOf(site: Site, call: Call): StoredVm {
  const vm = vmOf(site, call);
  if (!agentEnabled(vm)) throw failure("No QEMU guest agent configured");
  if (!site.hypervisor.running(vm.vmid)) throw failure(`VM ${vm.vmid} is not running`);
  if (!site.hypervisor.hasAgent(vm.vmid)) throw failure("QEMU guest agent is not running");
  return vm;
}

async function interfaces(site: Site, vm: StoredVm): Promise<unknown[]> {
  const [address = "", prefix = "32"] = (await cloudInitDrive(site, vm)).address.split("/");
  const entry = (name: string, mac: string, ip: string, length: number): unknown => ({
    name,
    "hardware-address": mac,
    "ip-addresses": [{ "ip-address": ip, prefix: length, "ip-address-type": "ipv4" }],
  });
  return [
    entry("lo", "00:00:00:00:00:00", "127.0.0.1", 8),
    entry("eth0", parseNetwork(vm.config.net0 ?? "").mac.toLowerCase(), address, Number(prefix)),
  ];
}

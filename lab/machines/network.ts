import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A machine's one network card and its address. */
export interface NetworkSpec {
  readonly vmid: number;
  readonly mac: string;
  readonly bridge: string;
  /** CIDR form. */
  readonly address: string;
  readonly gateway?: string;
}

/** The machine's network namespace; `ip netns exec` enters it. */
export const namespaceOf = (vmid: number): string => `vm-${vmid}`;
const hostSide = (vmid: number): string => `vm${vmid}`;

/** Pulls a machine's network cable, or plugs it in again. */
export async function setCable(vmid: number, state: "up" | "down"): Promise<void> {
  await ip("link", "set", hostSide(vmid), state);
}

async function ip(...args: string[]): Promise<string> {
  return (await run("ip", args)).stdout;
}

const names = async (...args: string[]): Promise<Set<string>> =>
  new Set((await ip(...args)).split("\n").map((line) => line.split(/[\s:@]+/)[0] ?? ""));

/** The steps that connect a machine: its namespace, a veth pair to the bridge, address and route. */
export function connectSteps(spec: NetworkSpec): string[][] {
  const namespace = namespaceOf(spec.vmid);
  const inside = (...args: string[]): string[] => ["-n", namespace, ...args];
  return [
    ["netns", "add", namespace],
    [
      "link",
      "add",
      hostSide(spec.vmid),
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "address",
      spec.mac,
      "netns",
      namespace,
    ],
    ["link", "set", hostSide(spec.vmid), "master", spec.bridge, "up"],
    // A machine that is back announces itself, so that neighbours that asked in vain need not time out first.
    ["netns", "exec", namespace, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify"],
    inside("link", "set", "lo", "up"),
    inside("addr", "add", spec.address, "dev", "eth0"),
    inside("link", "set", "eth0", "up"),
    ...(spec.gateway
      ? [inside("route", "add", "default", "via", spec.gateway, "dev", "eth0")]
      : []),
  ];
}

/**
 * Gives a machine its network, after clearing what a crash may have left of it.
 * Throws when the bridge does not exist or an address is not one.
 */
export async function connect(spec: NetworkSpec): Promise<void> {
  await disconnect(spec.vmid);
  const bridges = (await ip("-br", "link", "show", "type", "bridge"))
    .split("\n")
    .map((line) => line.split(/\s+/)[0]);
  if (!bridges.includes(spec.bridge)) {
    throw new Error(
      `machine ${spec.vmid}: net0: bridge ${spec.bridge} does not exist here; there are: ${bridges.filter(Boolean).join(", ") || "none"}`,
    );
  }
  try {
    for (const step of connectSteps(spec)) await ip(...step);
  } catch (error) {
    await disconnect(spec.vmid);
    throw new Error(
      `machine ${spec.vmid}: network: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Removes a machine's network and whatever process still holds it. Nothing to remove is fine. */
export async function disconnect(vmid: number): Promise<void> {
  const namespace = namespaceOf(vmid);
  if ((await names("netns", "list")).has(namespace)) {
    const pids = (await ip("netns", "pids", namespace)).split("\n").filter(Boolean).map(Number);
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
    await ip("netns", "del", namespace);
  }
  // A namespace's devices go some time after it; the bridge port goes now, so that the name is free.
  if ((await names("-br", "link", "show", "type", "veth")).has(hostSide(vmid))) {
    try {
      await ip("link", "del", hostSide(vmid));
    } catch (error) {
      if (!/Cannot find device/.test((error as Error).message)) throw error;
    }
  }
}

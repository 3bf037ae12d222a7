import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A network card of a machine. */
export interface CardSpec {
  /** Name in the machine. */
  readonly name: string;
  readonly mac: string;
  readonly bridge: string;
  readonly mtu: number;
  /** CIDR form; a card without one stays down. */
  readonly address?: string;
}

/** A machine's network cards, the one on the LAN first, and its default route. */
export interface NetworkSpec {
  readonly vmid: number;
  readonly cards: readonly [CardSpec, ...CardSpec[]];
  readonly gateway?: string;
}

/** The machine's network namespace; `ip netns exec` enters it. */
export const namespaceOf = (vmid: number): string => `vm-${vmid}`;
const hostSide = (vmid: number, card = 0): string => `vm${vmid}${card === 0 ? "" : `n${card}`}`;

/** Segments that machines bring about: no site's LAN begins so. */
export const segmentPrefix = "seg";

/** Pulls a machine's network cable, or plugs it in again. */
export async function setCable(vmid: number, state: "up" | "down"): Promise<void> {
  await ip("link", "set", hostSide(vmid), state);
}

async function ip(...args: string[]): Promise<string> {
  return (await run("ip", args)).stdout;
}

const names = async (...args: string[]): Promise<Set<string>> =>
  new Set((await ip(...args)).split("\n").map((line) => line.split(/[\s:@]+/)[0] ?? ""));

/** The steps that connect a machine: its namespace, for each card a veth pair to its bridge, addresses and route. */
export function connectSteps(spec: NetworkSpec): string[][] {
  const namespace = namespaceOf(spec.vmid);
  const inside = (...args: string[]): string[] => ["-n", namespace, ...args];
  const [{ name: lan }] = spec.cards;
  return [
    ["netns", "add", namespace],
    inside("link", "set", "lo", "up"),
    ...spec.cards.flatMap((card, index) => cardSteps(spec.vmid, card, index)),
    ...(spec.gateway ? [inside("route", "add", "default", "via", spec.gateway, "dev", lan)] : []),
  ];
}

function cardSteps(vmid: number, card: CardSpec, index: number): string[][] {
  const namespace = namespaceOf(vmid);
  const inside = (...args: string[]): string[] => ["-n", namespace, ...args];
  const [port, mtu] = [hostSide(vmid, index), String(card.mtu)];
  const pair = ["link", "add", port, "mtu", mtu, "type", "veth", "peer", "name", card.name];
  const setting = `/proc/sys/net/ipv4/conf/${card.name}`;
  return [
    [...pair, "address", card.mac, "mtu", mtu, "netns", namespace],
    ["link", "set", port, "master", card.bridge, "up"],
    [
      ...["netns", "exec", namespace, "sh", "-c"],
      // A machine that is back announces itself, so that neighbours that asked in vain need not time out first. Services'
      // addresses lie on `lo` here and are no device's with Cilium: nobody may learn of them by ARP.
      `echo 1 > ${setting}/arp_notify; echo 1 > ${setting}/arp_ignore; echo 2 > ${setting}/arp_announce`,
    ],
    ...(card.address === undefined
      ? []
      : [
          inside("addr", "add", card.address, "dev", card.name),
          inside("link", "set", card.name, "up"),
        ]),
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
  for (const [index, { bridge }] of spec.cards.entries()) {
    if (bridges.includes(bridge) || bridge.startsWith(segmentPrefix)) continue;
    throw new Error(
      `machine ${spec.vmid}: net${index}: bridge ${bridge} does not exist here; there are: ${bridges.filter(Boolean).join(", ") || "none"}`,
    );
  }
  try {
    for (const { bridge } of spec.cards) if (!bridges.includes(bridge)) await addSegment(bridge);
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

/** Makes a segment of its own: a bridge that no router stands on. Another machine may have made it meanwhile. */
async function addSegment(name: string): Promise<void> {
  try {
    await ip("link", "add", name, "type", "bridge", "mcast_snooping", "0");
  } catch (error) {
    if (!/File exists/.test((error as Error).message)) throw error;
  }
  await ip("link", "set", name, "up");
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
  const own = new RegExp(`^${hostSide(vmid)}(n\\d+)?$`);
  for (const port of await names("-br", "link", "show", "type", "veth")) {
    if (!own.test(port)) continue;
    try {
      await ip("link", "del", port);
    } catch (error) {
      if (!/Cannot find device/.test((error as Error).message)) throw error;
    }
  }
}

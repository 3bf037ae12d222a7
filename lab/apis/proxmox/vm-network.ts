import { randomBytes } from "node:crypto";
import { parameterError } from "./api-error.ts";
import { parseProperties, printProperties } from "./property-string.ts";

const models = new Set(["e1000", "e1000e", "rtl8139", "virtio", "vmxnet3"]);
const options = new Set(["bridge", "firewall", "link_down", "macaddr", "model", "mtu", "queues"]);
for (const name of ["rate", "tag", "trunks"]) options.add(name);

/** A network card of a VM. */
export interface NetworkCard {
  readonly model: string;
  /** Upper-case MAC address. */
  readonly mac: string;
  readonly bridge?: string;
  /** VLAN id. */
  readonly tag?: string;
  readonly mtu?: string;
}

/** A MAC address with the prefix of Proxmox's own, BC:24:11. */
export function randomMac(): string {
  const tail = [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0"));
  return ["BC", "24", "11", ...tail].join(":").toUpperCase();
}

/**
 * Reads both spellings, `virtio=MAC,bridge=...` and `model=virtio,macaddr=MAC,bridge=...`, and
 * writes the stored one. A card without an address gets a random one.
 * @throws 400 with the card's name.
 */
export function normaliseNetwork(name: string, value: string): string {
  const properties = parseProperties(value, "model");
  for (const model of models) {
    const mac = properties.get(model);
    if (mac === undefined) continue;
    properties.delete(model);
    properties.set("model", model).set("macaddr", mac);
  }
  const model = properties.get("model") ?? "";
  const mac = (properties.get("macaddr") ?? randomMac()).toUpperCase();
  for (const key of properties.keys())
    if (!options.has(key))
      throw parameterError({ [name]: `invalid format - unknown key '${key}'` });
  if (!models.has(model))
    throw parameterError({ [name]: `invalid format - unknown model '${model}'` });
  if (!/^[0-9A-F][02468ACE](?::[0-9A-F]{2}){5}$/.test(mac))
    throw parameterError({ [name]: `invalid format - value is not a valid unicast MAC: '${mac}'` });
  checkNumbers(name, properties);
  properties.delete("model");
  properties.delete("macaddr");
  return [`${model}=${mac}`, printProperties(properties)].filter((piece) => piece !== "").join(",");
}

/** Bridge's name and limits as qemu-server has them (Network.pm, $net_fmt; JSONSchema.pm, parse_bridge_id). */
function checkNumbers(name: string, properties: ReadonlyMap<string, string>): void {
  const bridge = properties.get("bridge");
  if (bridge !== undefined && !/^[-_.\w]+$/.test(bridge))
    throw parameterError({ [name]: `invalid format - bridge: invalid bridge ID '${bridge}'` });
  for (const [key, low, high] of [
    ["tag", 1, 4094],
    ["mtu", 1, 65_520],
  ] as const) {
    const text = properties.get(key);
    if (text === undefined) continue;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) continue;
    const bound = value < low ? `a minimum value of ${low}` : `a maximum value of ${high}`;
    throw parameterError({ [name]: `invalid format - ${key}: value must have ${bound}` });
  }
}

/** Reads a stored card. */
export function parseNetwork(value: string): NetworkCard {
  const properties = parseProperties(value);
  const [model = "", mac = ""] = [...properties].find(([key]) => models.has(key)) ?? [];
  const of = (key: string): string | undefined => properties.get(key);
  return { model, mac, bridge: of("bridge"), tag: of("tag"), mtu: of("mtu") };
}

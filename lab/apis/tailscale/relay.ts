import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { addressesOf } from "./device-address.ts";
import type { Tailnet } from "./tailnet.ts";

/** What a device asks for, with its node key in the header `node-key`; without an address it waits to be asked for. */
const asked = /^\/machine\/relay(?:\/([0-9.]+))?$/;

const agreed =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tailnet\r\n\r\n";
const unknown = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** Ends of streams by the device that they wait at or for, first come first. */
class Queue {
  readonly #ends = new Map<string, Set<Duplex>>();

  put(id: string, end: Duplex): void {
    const ends = this.#ends.get(id) ?? new Set();
    this.#ends.set(id, ends.add(end));
    end.once("close", () => ends.delete(end));
  }

  take(id: string): Duplex | undefined {
    const [first] = this.#ends.get(id) ?? [];
    if (first !== undefined) this.#ends.get(id)?.delete(first);
    return first;
  }
}

/**
 * Puts a device that asks for another's address and that other one together, whoever comes first: what DERP servers do for
 * devices without a direct way (tailscale/tailscale, derp). As with them, who may reach whom is the receiving device's to say.
 */
export function relay(tailnet: Tailnet): (request: IncomingMessage, socket: Duplex) => void {
  const waiting = new Queue();
  const asking = new Queue();
  return ({ url = "", headers }, socket) => {
    // An end that breaks is closed then, and takes the other along.
    socket.on("error", () => socket.destroy());
    const devices = Object.values(tailnet.store.state.devices);
    const [path, address] = asked.exec(url) ?? [];
    const own = devices.find(({ nodeKey }) => nodeKey === headers["node-key"]);
    const wanted =
      address === undefined
        ? own
        : devices.find(({ number }) => addressesOf(number).includes(address));
    if (path === undefined || own === undefined || wanted === undefined) {
      socket.end(unknown);
      return;
    }
    const [queue, others] = address === undefined ? [waiting, asking] : [asking, waiting];
    const other = others.take(wanted.id);
    if (other === undefined) queue.put(wanted.id, socket);
    else link(socket, other);
  };
}

function link(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.write(agreed);
    from.pipe(to);
    from.once("close", () => to.destroy());
  }
}

/**
 * Looks names up over TCP through a proxy of HTTP, as a device whose packets a Connector of the tailnet carries:
 * `lookups.ts PROXY SERVER NAME ...`. Prints name and address of each, a line each; `none` for a name without one.
 */
import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";

const [proxy = "", server = "", ...names] = process.argv.slice(2);

/** A question for a name's IPv4 address, with its length before it as over TCP (RFC 1035, 4.1 and 4.2.2). */
function question(name: string): Buffer {
  const labels = name.split(".").map((label) => {
    const text = Buffer.from(label, "ascii");
    return Buffer.concat([Buffer.from([text.length]), text]);
  });
  const message = Buffer.concat([
    Buffer.from([0x68, 0x6c, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...labels,
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** The address of an answer's first record, whose name is a pointer to the question; undefined without one. */
function addressIn(message: Buffer, name: string): string | undefined {
  if (message.readUInt16BE(6) === 0) return undefined;
  // Behind the header, the question's name with a length at each end, its type and its class.
  const record = 12 + name.length + 2 + 4;
  return message.subarray(record + 12, record + 16).join(".");
}

async function connect(): Promise<Socket> {
  const asked = request(`http://${proxy}`, { method: "CONNECT", path: `${server}:53` });
  asked.end();
  const [response, socket] = (await once(asked, "connect")) as [{ statusCode?: number }, Socket];
  if (response.statusCode !== 200)
    throw new Error(`${proxy} says ${response.statusCode} of ${server}`);
  return socket;
}

async function lookup(name: string): Promise<string | undefined> {
  const socket = await connect();
  socket.write(question(name));
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) break;
  }
  return addressIn(received.subarray(2), name);
}

for (const name of names) process.stdout.write(`${name} ${(await lookup(name)) ?? "none"}\n`);

import type { Socket } from "node:net";

/** An SSH `string`: its length as four bytes, then its bytes (RFC 4251 section 5). */
export function sshString(value: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(value.length);
  return Buffer.concat([length, value]);
}

/** Reads the SSH `string` that begins at `offset`; throws when the buffer is too short for it. */
export function readString(buffer: Buffer, offset: number): Buffer {
  const length = buffer.readUInt32BE(offset);
  if (offset + 4 + length > buffer.length)
    throw new Error("the SSH server sent a message that is cut off");
  return buffer.subarray(offset + 4, offset + 4 + length);
}

/** The body of a KEXINIT after its cookie: ten name-lists, no guess, four reserved bytes (RFC 4253 section 7.1). */
export function nameLists(lists: readonly string[]): Buffer {
  return Buffer.concat([...lists.map((list) => sshString(Buffer.from(list))), Buffer.alloc(5)]);
}

/** An unencrypted binary packet around a payload (RFC 4253 section 6). */
export function packet(payload: Buffer): Buffer {
  const padding = 8 - ((payload.length + 5) % 8) + (8 - ((payload.length + 5) % 8) < 4 ? 8 : 0);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length + padding + 1);
  head.writeUInt8(padding, 4);
  return Buffer.concat([head, payload, Buffer.alloc(padding)]);
}

/** Largest packet that a server must be able to send in the clear (RFC 4253 section 6.1). */
const largestPacket = 35_000;

/** Reads lines and unencrypted packets from a socket, in order. */
export class PacketReader {
  #buffer = Buffer.alloc(0);
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#wake();
    });
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake();
    };
    socket.on("error", fail);
    socket.on("close", () => {
      fail(new Error("the server closed the connection"));
    });
  }

  /** The next line for which `wanted` holds, without its end; a server may send others first (RFC 4253 section 4.2). */
  async line(wanted: (line: string) => boolean): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf("\n");
      if (end < 0) {
        if (this.#buffer.length > largestPacket)
          throw new Error("the server is no SSH server: it sends no line end");
        await this.more();
        continue;
      }
      const text = this.#buffer.subarray(0, end).toString("latin1").trimEnd();
      this.#buffer = this.#buffer.subarray(end + 1);
      if (wanted(text)) return text;
    }
  }

  /** The payload of the next packet of a type; transport messages such as DEBUG and IGNORE are passed over. */
  async message(type: number): Promise<Buffer> {
    for (;;) {
      const payload = await this.payload();
      if (payload[0] === 1)
        throw new Error(`the SSH server disconnected: ${readString(payload, 5).toString()}`);
      if (payload[0] === type) return payload;
      if ((payload[0] ?? 0) >= 20)
        throw new Error(`the SSH server sent message ${payload[0]} instead of ${type}`);
    }
  }

  private async payload(): Promise<Buffer> {
    while (this.#buffer.length < 5 || this.#buffer.length < 4 + this.#buffer.readUInt32BE(0)) {
      if (this.#buffer.length >= 4 && this.#buffer.readUInt32BE(0) > largestPacket) {
        throw new Error("the server does not speak SSH after its banner");
      }
      await this.more();
    }
    const length = this.#buffer.readUInt32BE(0);
    const padding = this.#buffer.readUInt8(4);
    const payload = Buffer.from(this.#buffer.subarray(5, 4 + length - padding));
    this.#buffer = this.#buffer.subarray(4 + length);
    return payload;
  }

  private async more(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = () => undefined;
  }
}

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { PacketReader, packet, sshString, nameLists, readString } from "./ssh-packets.ts";

/** How far an SSH server answered. */
export type ProbeResult =
  | { readonly state: "ready"; readonly hostKey: string }
  | { readonly state: "unreachable"; readonly reason: string };

const messages = { kexInit: 20, ecdhInit: 30, ecdhReply: 31 } as const;

/** Algorithms that current OpenSSH servers offer; only the host key's kind matters to the probe. */
const proposal = [
  "curve25519-sha256,curve25519-sha256@libssh.org",
  "ssh-ed25519",
  "aes128-ctr,aes256-ctr",
  "aes128-ctr,aes256-ctr",
  "hmac-sha2-256,hmac-sha2-512",
  "hmac-sha2-256,hmac-sha2-512",
  "none",
  "none",
  "",
  "",
];

/**
 * Asks the SSH server at `host:port` for its ed25519 host key by running the protocol up to the server's key exchange
 * reply (RFC 4253 section 8, RFC 8731), within `timeoutMs` for everything. It does not check the reply's signature: the
 * connection that follows does. Never rejects.
 */
export async function probeHostKey(
  host: string,
  port: number,
  timeoutMs: number,
): Promise<ProbeResult> {
  const socket = connect({ host, port });
  let stage = "no answer to the TCP connection";
  const timer = setTimeout(
    () => socket.destroy(new Error(`${stage} within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    const reader = new PacketReader(socket);
    await connected(socket);
    stage = "TCP is open but the server says nothing";
    socket.write("SSH-2.0-homelab_probe\r\n");
    const banner = await reader.line((line) => line.startsWith("SSH-"));
    stage = `${banner} does not begin the key exchange`;
    await reader.message(messages.kexInit);
    stage = `${banner} does not finish the key exchange`;
    socket.write(
      packet(
        Buffer.concat([Buffer.from([messages.kexInit]), randomBytes(16), nameLists(proposal)]),
      ),
    );
    socket.write(
      packet(Buffer.concat([Buffer.from([messages.ecdhInit]), sshString(publicPoint())])),
    );
    const reply = await reader.message(messages.ecdhReply);
    const blob = readString(reply, 1);
    const kind = readString(blob, 0).toString();
    return { state: "ready", hostKey: `${kind} ${blob.toString("base64")}` };
  } catch (error) {
    return { state: "unreachable", reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
}

function publicPoint(): Buffer {
  const { x } = generateKeyPairSync("x25519").publicKey.export({ format: "jwk" });
  return Buffer.from(x ?? "", "base64url");
}

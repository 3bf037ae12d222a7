import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type PeerCertificate } from "node:tls";
import { openAuthority } from "../world/authority.ts";

describe("the lab's authority", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "authority-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** A handshake over TLS 1.3 with a server on loopback, checked as a client would for `servername`. */
  async function handshake(
    pair: { cert: string; key: string },
    ca: string,
    servername: string,
  ): Promise<PeerCertificate> {
    const server = createServer({ ...pair, minVersion: "TLSv1.3" }, (socket) => socket.end());
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: "127.0.0.1", port, ca, servername });
    try {
      await once(socket, "secureConnect");
      return socket.getPeerCertificate();
    } finally {
      socket.destroy();
      server.close();
    }
  }

  it("issues certificates that clients accept for the names, and for no other", async () => {
    const authority = await openAuthority(directory);
    const pair = await authority.issue(["github.com", "203.0.113.10"]);
    const ca = await readFile(authority.certificateFile, "utf8");
    const certificate = await handshake(pair, ca, "github.com");
    assert.equal(certificate.subjectaltname, "DNS:github.com, IP Address:203.0.113.10");
    await assert.rejects(handshake(pair, ca, "example.com"), /does not match/);
  });

  it("issues certificates that have expired, to rehearse one", async () => {
    const authority = await openAuthority(directory);
    const pair = await authority.issue(["github.com"], new Date(Date.now() - 60_000));
    const ca = await readFile(authority.certificateFile, "utf8");
    await assert.rejects(handshake(pair, ca, "github.com"), /expired/);
  });

  it("is the same one at the next start, and keeps its key to itself", async () => {
    const first = await openAuthority(directory);
    const before = await readFile(first.certificateFile, "utf8");
    const pair = await (await openAuthority(directory)).issue(["github.com"]);
    assert.equal(await readFile(first.certificateFile, "utf8"), before);
    await handshake(pair, before, "github.com");
    assert.equal((await stat(join(directory, "ca.key"))).mode & 0o777, 0o600);
  });

  it("is trusted beside the system's and the public ones, also once another process issued by it", async () => {
    const authority = await openAuthority(directory);
    const root = "-----BEGIN CERTIFICATE-----\nof a public one\n-----END CERTIFICATE-----\n";
    await authority.trust(root);
    await (await openAuthority(directory)).issue(["github.com"]);
    const bundle = await readFile(authority.bundleFile, "utf8");
    const own = await readFile(authority.certificateFile, "utf8");
    assert.ok(bundle.endsWith(`${own.trimEnd()}\n${root}`));
  });
});

import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import {
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { readSecrets } from "../../../components/security/secrets.ts";
import { answers, canary, config, ConnectTrial, refusal, token, uses } from "./secret-trial.ts";

const ref = "op://Homelab/Proxmox VE/token";

describe("secrets during an outage of Connect", () => {
  const connect = new ConnectTrial();
  before(() => connect.start());
  beforeEach(() => {
    connect.reset();
  });
  after(() => connect.stop());

  it("are read in the end when the server dies in the middle and is started again", async () => {
    const restarted = Promise.withResolvers<void>();
    let died = false;
    connect.faults = {
      consult: (_service, { path }) => {
        if (!died && path.includes("/items/")) restarted.resolve(connect.restart());
        died ||= path.includes("/items/");
        return Promise.resolve(died ? "cut" : undefined);
      },
    };
    const reading = readSecrets(uses(ref), { ...connect.sources, patience: 8000 });
    await restarted.promise;
    connect.reset();
    assert.equal((await reading).reveal(ref), canary);
  });

  it("are read in the end when the server fails and hangs up for a while", async () => {
    let left = 2;
    connect.faults = {
      consult: () =>
        Promise.resolve(left-- > 0 ? (left === 0 ? "cut" : { status: 500, body: "x" }) : undefined),
    };
    const secrets = await readSecrets(uses(ref), { ...connect.sources, patience: 5000 });
    assert.equal(secrets.reveal(ref), canary);
  });

  it("give up on a server that keeps failing, in one error for all", async () => {
    connect.faults = answers(503);
    // The first pause is half a second; on a busy machine the attempt before it may take as long.
    const sources = { ...connect.sources, patience: 3000 };
    const message = await refusal(readSecrets(uses(ref, "op://Attic/A/b"), sources));
    assert.match(
      message,
      /path0, path1: 1Password Connect at https:\/\/127\.0\.0\.1:\d+ answers 503/,
    );
    assert.ok(connect.calls.length > 2);
  });

  it("wait no longer for a busy server than they would for a dead one", async () => {
    connect.faults = {
      consult: () => Promise.resolve({ status: 429, body: "", retryAfterSeconds: 3600 }),
    };
    assert.match(
      await refusal(readSecrets(uses(ref), connect.sources)),
      /answers 429 and asks for a pause of 3600 s; look/,
    );
  });

  it("say what is wrong with the server's certificate, without another attempt", async () => {
    const other = { ...connect.sources, connect: `https://localhost:${connect.port}` };
    const name = await refusal(readSecrets(uses(ref), other));
    assert.match(
      name,
      /certificate .* is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\); use a/,
    );
    assert.deepEqual(connect.calls, []);
  });

  it("tell an expired certificate from one that nobody vouches for", async () => {
    const authority = await selfSigned(60_000);
    const outdated = await selfSigned(-60_000);
    const trusted = getCACertificates("default");
    setDefaultCACertificates([...trusted, outdated.cert]);
    try {
      for (const [tls, text] of [
        [
          authority,
          /is not trusted \(\w+SELF_SIGNED_CERT\); name its authority's file in NODE_EXTRA/,
        ],
        [outdated, /has expired \(CERT_HAS_EXPIRED\); renew it/],
      ] as const) {
        const server = createTlsServer(tls).listen(0, "127.0.0.1");
        await once(server, "listening");
        const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const sources = { connect: address, token, config, patience: 400 };
        assert.match(await refusal(readSecrets(uses(ref), sources)), text);
        server.close();
      }
    } finally {
      setDefaultCACertificates(trusted);
    }
  });
});

describe("an address without a Connect server", () => {
  const servers: Server[] = [];
  const serve = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const read = (connect: string): Promise<string> =>
    refusal(readSecrets(uses("op://A/b/c"), { connect, token, config, patience: 400 }));
  after(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  it("is named when nothing listens", async () => {
    const address = await serve(() => undefined);
    const [server] = servers.splice(-1);
    await new Promise((resolve) => server?.close(resolve));
    const message = await read(address);
    assert.ok(
      message.includes(`${address} cannot be reached (ECONNREFUSED) and was tried for 0.4 s`),
    );
    assert.match(
      message,
      /start it or mend the way to it, or correct homelab:onePassword\.connect/,
    );
  });

  it("is named when it accepts and says nothing", async () => {
    assert.match(await read(await serve(() => undefined)), /\(no answer in time\)/);
  });

  it("is named when it is another web server, whatever it answers", async () => {
    const page = await serve((_request, response) => response.end("<html>canary</html>"));
    assert.match(
      await read(page),
      /is not 1Password Connect; correct homelab:onePassword\.connect/,
    );
    const moved = await serve((_request, response) =>
      response.writeHead(302, { location: "http://canary.example/" }).end(),
    );
    assert.match(await read(moved), /is not 1Password Connect/);
    const lost = await serve((_request, response) => response.writeHead(404).end("Not Found"));
    assert.match(await read(lost), /is not 1Password Connect/);
    const list = await serve((_request, response) => response.end("[null]"));
    assert.match(await read(list), /1Password Connect/);
  });

  it("is shown without a login that it may hold", async () => {
    const address = (await serve(() => undefined)).replace("//", "//admin:canary@");
    assert.match(await read(address), /http:\/\/127\.0\.0\.1:\d+ cannot be reached/);
  });

  it("may have a path in front", async () => {
    const asked: string[] = [];
    const address = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(404).end("{}");
    });
    await read(`${address}/connect`);
    assert.deepEqual(asked, ["/connect/v1/vaults/?filter=title%20eq%20%22A%22"]);
  });
});

/** A certificate for loopback that ends so many milliseconds from now, and its key, PEM. */
async function selfSigned(ends: number): Promise<{ cert: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...{ name: "CN=trial", keys, signingAlgorithm: algorithm },
    ...{ notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + ends) },
    extensions: [new SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { cert: certificate.toString("pem"), key: PemConverter.encode(key, "PRIVATE KEY") };
}

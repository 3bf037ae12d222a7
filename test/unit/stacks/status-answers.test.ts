import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as httpServer, type RequestListener } from "node:http";
import { createServer as httpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askName } from "../../../stacks/status/ask-name.ts";

const name = "photos.home.arpa";

/** A certificate of 30 days for the name, with its key. */
function pair(): { readonly cert: string; readonly key: string } {
  const directory = mkdtempSync(join(tmpdir(), "homelab-status-"));
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const text =
      `req -x509 -nodes -days 30 -subj /CN=test -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 ` +
      `-keyout ${key} -out ${cert} -addext subjectAltName=DNS:${name}`;
    execFileSync("openssl", text.split(" "), { stdio: "pipe" });
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("asking a name of a site", () => {
  const heard: string[] = [];
  const answer: RequestListener = ({ headers, url = "" }, response) => {
    heard.push(`${headers.host ?? ""}${url}`);
    response.writeHead(302, { location: "/login" }).end("a page");
  };
  const servers: Server[] = [];
  let [secure, clear] = [0, 0];

  async function listening(server: Server): Promise<number> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  before(async () => {
    secure = await listening(httpsServer(pair(), answer));
    clear = await listening(httpServer(answer));
  });
  after(() => {
    for (const server of servers) server.close();
  });
  const at = "127.0.0.1";

  it("reaches the address with the name, and hears the answer with the certificate's end", async () => {
    const { status, location, certificate } = await askName({
      ...{ by: "https", at, port: secure, name, path: "/a" },
    });
    assert.deepEqual([status, location, certificate?.fault], [302, "/login", undefined]);
    const days = (new Date(certificate?.ends ?? "").getTime() - Date.now()) / 86_400_000;
    assert.ok(days > 29 && days <= 30, String(days));
    assert.equal(heard.at(-1), `${name}/a`);
  });

  it("sees that a certificate is another name's", async () => {
    const question = { at, port: secure, name: "cloud.home.arpa", path: "/" };
    for (const by of ["https", "tls"] as const) {
      const { certificate } = await askName({ ...question, by });
      assert.match(certificate?.fault ?? "", /does not match certificate's altnames/);
    }
  });

  it("asks in the clear, shakes hands, or only connects", async () => {
    const inTheClear = await askName({ by: "http", at, port: clear, name, path: "/" });
    assert.deepEqual(inTheClear, { status: 302, location: "/login" });
    const shaken = await askName({ by: "tls", at, port: secure, name, path: "/" });
    assert.equal(shaken.certificate?.fault, undefined);
    assert.deepEqual(await askName({ by: "tcp", at, port: clear, path: "/" }), {});
  });

  it("says why nobody answers", async () => {
    const gone = httpServer();
    const port = await listening(gone);
    await new Promise((resolve) => gone.close(resolve));
    for (const by of ["https", "http", "tls", "tcp"] as const)
      await assert.rejects(askName({ by, at, port, name, path: "/" }), /ECONNREFUSED/);
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { selfSigned } from "../../../lab/test/apis/certificate.ts";

const run = promisify(execFile);

/** A program that asks the API of a host whose certificate no public authority has signed. */
const program = (endpoint: string): string => `
import { proxmoxApi } from ${JSON.stringify(new URL("../../../components/proxmox/proxmox-api.ts", import.meta.url).href)};
const api = proxmoxApi({ endpoint: ${JSON.stringify(endpoint)}, token: "a@pve!b=c" }, { totalMs: 0 });
const answers = await Promise.allSettled(["pools", "cluster/nextid?vmid=123"].map((path) => api(path)));
console.log(JSON.stringify(answers.map(({ value, reason }) => value ?? reason.message)));
`;

describe("Proxmox's API, as the program asks it", () => {
  let server: Server;
  let endpoint = "";
  const tls = selfSigned();
  const folder = mkdtempSync(join(tmpdir(), "proxmox-api-"));
  const asked: string[] = [];

  before(async () => {
    server = createServer(tls, (request, response) => {
      asked.push(`${request.url ?? ""} ${request.headers.authorization ?? ""}`);
      const taken = request.url?.includes("nextid") === true;
      response.statusCode = taken ? 400 : 200;
      response.end(
        JSON.stringify(
          taken
            ? {
                errors: { vmid: "VM 123 already exists" },
                message: "Parameter verification failed.",
              }
            : { data: [{ poolid: "homelab" }] },
        ),
      );
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const ask = async (environment: NodeJS.ProcessEnv): Promise<unknown> => {
    const file = join(folder, "ask.ts");
    writeFileSync(file, program(endpoint));
    const env = { PATH: process.env["PATH"], HOME: folder, ...environment };
    const { stdout } = await run(process.execPath, [file], { env });
    return JSON.parse(stdout);
  };

  it("trusts what SSL_CERT_FILE names, and reads what is refused from the parameter's own words", async () => {
    const bundle = join(folder, "ca.pem");
    writeFileSync(bundle, tls.cert);
    assert.deepEqual(await ask({ SSL_CERT_FILE: bundle }), [
      [{ poolid: "homelab" }],
      "400 VM 123 already exists",
    ]);
    assert.deepEqual(asked, [
      "/api2/json/pools PVEAPIToken=a@pve!b=c",
      "/api2/json/cluster/nextid?vmid=123 PVEAPIToken=a@pve!b=c",
    ]);
  });

  it("says of an unknown authority that it is one, and not the token", async () => {
    const [first] = (await ask({})) as [string];
    assert.match(first, /cannot be reached: .*self-signed certificate/);
    assert.doesNotMatch(first, /a@pve/);
  });
});

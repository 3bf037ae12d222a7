import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Deployment, RefreshResult } from "@pulumi/pulumi/automation/index.js";
import { lookingAgain } from "../../../scripts/departure/take-away.ts";
import { deletedTunnel, forgetDeletedTunnel } from "../../../scripts/repair/tunnel.ts";

describe("a tunnel of the state", () => {
  const tunnel = "urn:pulumi:home::homelab::x$cloudflare:index/T:T::home-tunnel";
  const record = "urn:pulumi:home::homelab::x$cloudflare:index/R:R::typeo-record";
  let server: Server;
  let baseUrl: string;
  let live: readonly string[] = [];
  let refuses = false;
  before((done) => {
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
      const asked =
        pathname === "/accounts/a/cfd_tunnel" && searchParams.get("is_deleted") === "false";
      response.writeHead(asked && !refuses ? 200 : 403, { "content-type": "application/json" });
      response.end(
        JSON.stringify(
          refuses
            ? { success: false, errors: [{ code: 10000, message: "Authentication error" }] }
            : { success: true, result: live.map((id) => ({ id, name: "home" })) },
        ),
      );
    }).listen(0, "127.0.0.1", () => {
      baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      done();
    });
  });
  after((done) => void server.close(done));
  beforeEach(() => (refuses = false));

  /** A stack whose state has a tunnel and a record that leads to it. */
  function stackOf(id: string | undefined) {
    const resources = [
      {
        urn: "urn:pulumi:home::homelab::pulumi:providers:cloudflare::cloudflare",
        type: "pulumi:providers:cloudflare",
        inputs: { apiToken: "t", baseUrl },
      },
      ...(id === undefined
        ? []
        : [
            {
              ...{ urn: tunnel, id },
              type: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
            },
          ]),
      {
        ...{ urn: record, type: "cloudflare:index/dnsRecord:DnsRecord", id: "r1" },
        dependencies: id === undefined ? [] : [tunnel],
      },
    ];
    const taken: Deployment[] = [];
    return {
      taken,
      getAllConfig: () =>
        Promise.resolve({
          "homelab:edge": { value: JSON.stringify({ accountId: "a", zoneId: "z" }) },
        }),
      exportStack: () => Promise.resolve({ version: 3, deployment: { resources } }),
      importStack: (deployment: Deployment) => {
        taken.push(deployment);
        return Promise.resolve();
      },
    };
  }
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  beforeEach(() => (said.length = 0));

  it("is forgotten once it was deleted, with what refers to it left in place", async () => {
    live = ["t2"];
    const stack = stackOf("t1");
    assert.equal((await deletedTunnel(stack))?.urn, tunnel);
    assert.equal(await forgetDeletedTunnel(stack, say), tunnel);
    assert.match(said.join("\n"), /home-tunnel .*deleted/);
    const { resources } = stack.taken[0]?.deployment as {
      resources: { urn: string; dependencies?: string[] }[];
    };
    assert.deepEqual(
      resources.filter(({ urn }) => urn === tunnel || urn === record),
      [{ urn: record, type: "cloudflare:index/dnsRecord:DnsRecord", id: "r1", dependencies: [] }],
    );
  });

  it("stays while it lives, and where there is none nothing is asked", async () => {
    live = ["t1"];
    for (const id of ["t1", undefined]) {
      refuses = id === undefined;
      const stack = stackOf(id);
      assert.equal(await forgetDeletedTunnel(stack, say), undefined);
      assert.deepEqual([stack.taken, said], [[], []]);
    }
  });

  it("stays when Cloudflare cannot be asked, which is an error", async () => {
    refuses = true;
    const stack = stackOf("t1");
    await assert.rejects(forgetDeletedTunnel(stack, say), /cfd_tunnel.*403/);
    assert.deepEqual(stack.taken, []);
  });

  it("is asked about once for all that is stuck, and again at the next try", async () => {
    live = ["t2"];
    const { taken, ...stack } = stackOf("t1");
    const refreshed: string[] = [];
    let exported = 0;
    const counted = {
      ...stack,
      exportStack: () => {
        exported += 1;
        return stack.exportStack();
      },
      refresh: ({ target = [] }: { readonly target?: string[] }) => {
        refreshed.push(...target);
        return Promise.resolve({} as RefreshResult);
      },
    };
    const { begin, lookAgain } = lookingAgain(counted, say);
    begin();
    for (const urn of [record, tunnel, record]) await lookAgain(urn);
    assert.deepEqual([exported, taken.length, refreshed], [1, 1, [record, record]]);
    begin();
    await lookAgain(record);
    assert.equal(exported, 2);
  });
});

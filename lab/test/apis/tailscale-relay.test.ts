import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TestTailnet, openPolicy, type Member } from "./tailscale-server.ts";

describe("Tailscale's relay", () => {
  let tailnet: TestTailnet;
  let [gateway, proxy] = [{} as Member, {} as Member];
  const open: Duplex[] = [];

  beforeEach(async () => {
    tailnet = new TestTailnet();
    await tailnet.start();
    await tailnet.policy(openPolicy);
    const { key } = await tailnet.authKey(["tag:home-connector"]);
    gateway = await tailnet.join(key, "gateway");
    proxy = await tailnet.join(key, "proxy");
  });
  afterEach(async () => {
    // With streams that are open yet, as a lab is stopped.
    await tailnet.stop();
    for (const stream of open.splice(0)) stream.destroy();
  });

  /** The stream that a device asks for, or waits for without an address; the status of another answer. */
  async function ask(nodeKey: string, address?: string): Promise<Duplex | number | undefined> {
    const asked = request({
      ...{ host: "127.0.0.1", port: tailnet.server.port, rejectUnauthorized: false },
      path: ["/machine/relay", address].filter((part) => part !== undefined).join("/"),
      headers: { connection: "Upgrade", upgrade: "tailnet", "node-key": nodeKey },
    }).end();
    const answer = Promise.race([once(asked, "upgrade"), once(asked, "response")]);
    const [response, stream] = (await answer) as [IncomingMessage, Duplex | undefined];
    if (stream === undefined) return response.statusCode;
    open.push(stream);
    return stream;
  }

  async function pair(...asked: readonly (() => ReturnType<typeof ask>)[]): Promise<Duplex[]> {
    const ends = await Promise.all(asked.map((each) => each()));
    return ends.map((end) => {
      assert.ok(typeof end === "object", "it was refused");
      return end;
    });
  }

  const waits = () => ask(gateway.nodeKey);
  const asks = () => ask(proxy.nodeKey, gateway.addresses[0]);

  it("puts together who asks and who waits, whoever comes first", async () => {
    for (const order of [
      [waits, asks],
      [asks, waits],
    ]) {
      const [one, other] = await pair(...order);
      assert.ok(one && other);
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        from.write("hello");
        assert.equal(String((await once(to, "data"))[0]), "hello");
      }
      one.end();
      other.resume();
      await once(other, "close");
    }
  });

  it("knows neither strangers nor addresses that no device has", async () => {
    assert.equal(await ask("nodekey:other"), 404);
    assert.equal(await ask("nodekey:other", gateway.addresses[0]), 404);
    assert.equal(await ask(proxy.nodeKey, "100.100.9.9"), 404);
  });
});

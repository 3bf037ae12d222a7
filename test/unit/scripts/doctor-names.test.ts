import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { runChecks } from "../../../stacks/doctor/check.ts";
import { problem, warning } from "../../../stacks/doctor/finding.ts";
import { judgeView, namesChecks, type Ask } from "../../../stacks/parts/names/doctor.ts";
import { isNamed, siteViews } from "../../../stacks/parts/names/list.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

describe("the doctor at a server's names", () => {
  const expected = ["a", "b", "c", "d", "e"].map((label, i) => ({
    name: `${label}.home.arpa`,
    address: `192.168.1.${i + 1}`,
  }));
  const all = new Map(expected.map(({ name, address }) => [name, [address]]));
  const judge = (given: Parameters<typeof judgeView>[2], missing = problem): string =>
    said(judgeView("server", expected, given, { missing, remedy: "look" }));

  it("counts those that are as they should be", () => {
    assert.equal(judge(all), "ok: server: knows all 5 names");
  });

  it("says what a name is, and what it should be", () => {
    assert.equal(
      judge(new Map([...all, ["b.home.arpa", ["192.168.1.9"]]]), warning),
      "warning: server: b.home.arpa is 192.168.1.9, not 192.168.1.2",
    );
    assert.match(judge(new Map([...all, ["b.home.arpa", []]])), /b\.home\.arpa is unknown, not/);
  });

  it("takes the right address beside another one for wrong", () => {
    const two = ["192.168.1.2", "192.168.1.9"];
    assert.match(
      judge(new Map([...all, ["b.home.arpa", two]])),
      /b\.home\.arpa is 192\.168\.1\.2 and 192\.168\.1\.9, not 192\.168\.1\.2$/,
    );
  });

  it("tells three, and how many more", () => {
    assert.match(judge(new Map()), /^error: server: a.*; b.*; c\.home\.arpa is .* and 2 more$/);
  });

  it("says that a server is silent, with as much weight as if it knew nothing", () => {
    const silent = new Error("queryA ETIMEOUT a.home.arpa");
    assert.match(judge(silent), /^error: server: does not answer: queryA ETIMEOUT/);
    assert.match(judge(silent, warning), /^warning: /);
  });
});

describe("the doctor at the site's names", () => {
  const config = homeConfig();
  assert.ok(isNamed(config));
  const lan = new Map(siteViews(config).lan.map(({ name, address }) => [name, address]));
  const site = { name: "home", config, isUp: true, existing: [], ids: new Set<string>() };
  const found = async (examined: Partial<typeof site>, ask: Ask): Promise<string> =>
    said(await runChecks(namesChecks({ ...site, ...examined, known: new Map() }, ask)));
  const knows: Ask = (_, name) => Promise.resolve([lan.get(name) ?? []].flat());

  it("asks the site's own server and the gateway for every name", async () => {
    const { address } = config.names;
    assert.equal(
      await found({}, knows),
      `ok: DNS server ${address}: knows all ${lan.size} names\n` +
        `ok: names at the gateway ${config.site.gateway}: knows all ${lan.size} names`,
    );
  });

  it("asks a further server of the tailnet for the names of the site's domain, and none twice", async () => {
    const splitDns = ["192.168.1.5", config.site.gateway, config.names.address];
    const tailnet = config.tailnet && { ...config.tailnet, splitDns };
    const text = await found({ config: { ...config, tailnet } }, knows);
    assert.match(text, /^ok: names of the tailnet at 192\.168\.1\.5: knows all \d+ names$/m);
    assert.equal(text.split("\n").length, 3);
  });

  it("calls it an error when the site's own server is silent, and a warning at the gateway's", async () => {
    const text = await found({}, () => Promise.reject(new Error("queryA ECONNREFUSED")));
    assert.match(text, /^error: DNS server .*: does not answer: .*\nwarning: names at the gateway/);
  });

  it("takes no such name and a refusal for an answer, and a failure for none", async () => {
    // RFC 1035, section 4.1.1: the lower half of the fourth byte.
    let code = 0;
    const server = createSocket("udp4");
    server.on("message", (question, { address, port }) => {
      const answer = Buffer.from(question);
      answer.writeUInt16BE(0x8000 | code, 2);
      server.send(answer, port, address);
    });
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const address = `127.0.0.1:${server.address().port}`;
      const here = {
        ...config,
        site: { ...config.site, gateway: address },
        names: { ...config.names, address },
      };
      const heard = async (rcode: number): Promise<string> => {
        code = rcode;
        const [own] = namesChecks({ ...site, config: here, known: new Map() });
        return said((await own?.run()) ?? []);
      };
      assert.match(await heard(3), /^error: .* is unknown, not /);
      assert.match(await heard(5), /^error: .* is unknown, not /);
      assert.match(await heard(2), /^error: .*: does not answer: queryA ESERVFAIL /);
    } finally {
      server.close();
    }
  });

  it("asks nobody before there was an up, nor where the part is off", async () => {
    const nobody: Ask = () => assert.fail("asked");
    assert.equal(await found({ isUp: false }, nobody), "");
    const off = { ...homeConfig(), names: undefined };
    assert.deepEqual(namesChecks({ ...site, config: off, known: new Map() }, nobody), []);
  });
});

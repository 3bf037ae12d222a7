import assert from "node:assert/strict";
import { ServiceError } from "../../../components/http/service-error.ts";
import { judgeScopes } from "../../../stacks/parts/tailnet/doctor/scopes.ts";
import { neededScopes } from "../../../stacks/parts/tailnet/scopes.ts";
import { judgeGroup } from "../../../stacks/parts/tailnet/doctor/groups.ts";
import { judgeTailnetLeftovers } from "../../../stacks/parts/tailnet/doctor/leftovers.ts";
import {
  checkTailnetScopes,
  judgeConnector,
  judgeHttps,
} from "../../../stacks/parts/tailnet/doctor.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";

const { config: home } = parseSiteConfig(siteFile("Pulumi.home.yaml"), "home");
assert.ok(home);
const bad = (
  found: readonly { severity: string; subject: string; text: string; remedy: string }[],
) => found.filter(({ severity }) => severity !== "ok");

describe("the doctor at Tailscale", () => {
  const device = (id: string, hostname: string, tag: string) => ({
    id,
    hostname,
    name: `${hostname}.ts.net`,
    tags: [tag],
    user: "tagged-devices",
  });

  it("names the scope that is refused", async () => {
    const found = bad(
      await checkTailnetScopes({
        policy: () =>
          Promise.reject(new ServiceError("unauthorized", { status: 403 }, "lacks policy_file")),
        keys: () => Promise.resolve([]),
        devices: () => Promise.resolve([]),
        splitDns: () => Promise.resolve({}),
      }),
    );
    assert.deepEqual(
      found.map(({ severity, subject }) => [severity, subject]),
      [["error", "tailnet, scope policy_file"]],
    );
  });

  it("tells of certificates that are off what needs them, and that they are wanted", () => {
    const off = judgeHttps(false, false);
    assert.match(
      off.text,
      /off, and `tailscale configure kubeconfig` needs them: set homelab:tailnet\.https/,
    );
    assert.equal(off.severity, "ok");
    assert.equal(judgeHttps(false, true).severity, "error");
    assert.match(judgeHttps(undefined, true).text, /networking_settings:read/);
    assert.equal(judgeHttps(true, true).text, "certificates are on");
  });

  it("says which devices of a group of proxies are missing, and how bad that is", () => {
    const device = (hostname: string, tag = "tag:home-connector") => ({
      ...{ id: hostname, name: `${hostname}.example.ts.net`, hostname },
      ...{ tags: [tag], user: "tagged-devices" },
    });
    const judged = (...devices: readonly ReturnType<typeof device>[]) =>
      judgeGroup("home", { type: "egress", replicas: 2 }, devices);
    assert.equal(judged(device("home-egress-0"), device("home-egress-1")).severity, "ok");
    const one = judged(device("home-egress-1"));
    assert.equal(one.severity, "warning");
    assert.equal(one.text, "home-egress-0 is no device of the tailnet");
    assert.equal(judged(device("home-egress-0", "tag:other")).severity, "error");
  });

  it("names scopes to write that the client lacks, as its token tells them", () => {
    const needed = neededScopes({ policy: undefined, https: true });
    const judged = (scope?: string) => judgeScopes(scope?.split(" "), needed);
    const reads = judged("all:read auth_keys services");
    assert.equal(reads.severity, "error");
    assert.equal(
      reads.text,
      "the OAuth client lacks oauth_keys, devices:core, dns, networking_settings",
    );
    for (const scope of ["all", `policy_file ${needed.slice(1).join(" ")}`, needed.join(" ")])
      assert.equal(judged(scope).text, "the client holds all that the stack needs");
    assert.match(judged("devices acl").text, /of another form: devices, acl/);
    assert.match(judged().text, /does not tell/);
  });

  it("names devices that exist twice or are of no machine, and keys that the state lacks", () => {
    const devices = [
      device("n1", "stone", "tag:home-node"),
      device("n2", "stone", "tag:home-node"),
      device("n3", "gone", "tag:home-node"),
      device("n4", "laptop", "tag:other"),
    ];
    const keys = [
      { id: "k1", keyType: "auth", description: "", tags: ["tag:home-node"] },
      { id: "k2", keyType: "client", description: "op", tags: ["tag:home-operator"] },
      { id: "k3", keyType: "auth", description: "proxy", tags: ["tag:home-connector"] },
    ];
    const found = judgeTailnetLeftovers("home", ["stone"], devices, keys, new Set(["k1"]));
    assert.equal(found.length, 3);
    assert.match(found[0]?.text ?? "", /two devices are called stone: n1 and n2/);
    assert.match(found[1]?.text ?? "", /no machine gone/);
    assert.match(found[2]?.subject ?? "", /OAuth client k2/);
  });

  const plan = { name: "connector-0", replicas: 1, routes: ["10.42.0.0/16"], exitNode: true };
  const routes = ["10.42.0.0/16", "0.0.0.0/0", "::/0"];
  const connector = {
    ...device("c1", "connector-0", "tag:home-connector"),
    advertised: routes,
    enabled: routes,
  };

  it("finds a Connector whose routes are approved fine", () => {
    assert.deepEqual(bad(judgeConnector("home", plan, [connector], "approve")), []);
  });

  it("names a route that is advertised and not approved, with the device's id", () => {
    const [finding] = bad(
      judgeConnector("home", plan, [{ ...connector, enabled: routes.slice(1) }], "approve"),
    );
    assert.equal(finding?.severity, "error");
    assert.match(
      finding.text,
      /advertises 10\.42\.0\.0\/16, and nobody approved that \(device c1\)/,
    );
    assert.equal(finding.remedy, "approve");
  });

  it("warns of one of several devices that is not there, whatever the others carry", () => {
    const two = { ...plan, replicas: 2 };
    const other = { ...connector, ...device("c2", "connector-1", "tag:home-connector") };
    assert.deepEqual(bad(judgeConnector("home", two, [connector, other], "")), []);
    const [finding] = bad(judgeConnector("home", two, [connector], ""));
    assert.equal(finding?.severity, "warning");
    assert.equal(finding.subject, "Connector connector-1");
    assert.match(finding.text, /no device of the tailnet; connector-0 carries its routes/);
    const [refused] = bad(
      judgeConnector("home", two, [connector, { ...other, enabled: [] }], "approve"),
    );
    assert.match(refused?.subject ?? "", /Connector connector-1/);
    assert.equal(bad(judgeConnector("home", two, [], "")).length, 2);
  });

  it("names one that is called otherwise, for another had the name", () => {
    const two = { ...plan, replicas: 2 };
    const other = { ...connector, ...device("c2", "connector-1", "tag:home-connector") };
    const called = { ...other, name: "connector-1-1.ts.net" };
    const [finding] = bad(judgeConnector("home", two, [connector, called], ""));
    assert.equal(finding?.severity, "warning");
    assert.equal(finding.subject, "Connector connector-1");
    assert.match(finding.text, /is called connector-1-1 in the tailnet \(device c2\)/);
    const renamed = { ...other, name: "attic.ts.net" };
    assert.deepEqual(bad(judgeConnector("home", two, [connector, renamed], "")), []);
  });

  it("names a Connector that is no device, and one that advertises too little", () => {
    const [gone] = bad(judgeConnector("home", plan, [], ""));
    assert.match(gone?.text ?? "", /no device of the tailnet/);
    assert.match(gone?.remedy ?? "", /kubectl delete connector .* --stack home --refresh/);
    const quiet = { ...connector, advertised: routes.slice(1), enabled: routes.slice(1) };
    assert.match(
      bad(judgeConnector("home", plan, [quiet], ""))[0]?.text ?? "",
      /does not advertise 10\.42/,
    );
  });
});

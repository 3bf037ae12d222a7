import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAuthority } from "../../../lab/world/authority.ts";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import {
  gatewayChecks,
  judgeBundle,
  judgeClass,
  judgeGateways,
  judgeProxies,
  type GatewayInForce,
} from "../../../stacks/parts/gateway/doctor.ts";
import { judgeControl } from "../../../stacks/parts/gateway/doctor/control.ts";
import { judgeRoutes, type RouteInForce } from "../../../stacks/parts/gateway/doctor/routes.ts";
import { route } from "../../../stacks/parts/gateway/route-schema.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const condition = (type: string, status = "True", observedGeneration = 2) => ({
  ...{ type, status, observedGeneration, reason: "Reason", message: "the controller's words" },
});

describe("the doctor at Gateway API's kinds", () => {
  it("is content with one bundle, names what lacks, and who has another one", () => {
    const kinds = (grants?: string) =>
      new Map([
        ["gateways", "v1.6.1"],
        ["grants", grants],
      ]);
    assert.match(said([judgeBundle("v1.6.1", kinds("v1.6.1"))]), /^ok: .* all 2 kinds are of v1/);
    assert.match(said([judgeBundle("v1.6.1", kinds())]), /^error: .* grants are not there/);
    assert.match(
      said([judgeBundle("v1.6.1", kinds("v1.4.0"))]),
      /^warning: .* grants is of v1\.4\.0, and homelab:versions\.gatewayApi is v1\.6\.1/,
    );
    assert.match(said([judgeBundle("v1.6.1", kinds(""))]), /grants is of no bundle/);
  });

  it("reads names and versions as kubectl's template prints them", async () => {
    const config = homeConfig();
    const run: ClusterCommand = (_, args) =>
      Promise.resolve({
        ok: true,
        stdout: args
          .filter((arg) => /^[a-z]+\.gateway/.test(arg))
          .map((arg) => `${arg} v1.6.1\n`)
          .join(""),
        stderr: "",
      });
    const [bundle] = gatewayChecks({ config, isUp: true }, run);
    assert.match(said((await bundle?.run()) ?? []), /^ok: .* all 10 kinds/);
  });

  it("are not looked at before there was an up, nor where the part is off", () => {
    const config = homeConfig();
    const run: ClusterCommand = () => assert.fail("asked");
    assert.deepEqual(gatewayChecks({ config, isUp: false }, run), []);
    assert.deepEqual(
      gatewayChecks({ config: { ...config, gateway: undefined }, isUp: true }, run),
      [],
    );
  });
});

describe("the doctor at the class", () => {
  const metadata = { name: "envoy", generation: 2 };

  it("repeats why it is not accepted, and misses it", () => {
    const accepted = { metadata, status: { conditions: [condition("Accepted")] } };
    assert.match(said([judgeClass([accepted])]), /^ok/);
    const refused = { metadata, status: { conditions: [condition("Accepted", "False")] } };
    assert.match(
      said([judgeClass([refused])]),
      /^error: .* Accepted is False, Reason: the controller's words/,
    );
    assert.match(said([judgeClass([])]), /is not in the cluster/);
    assert.match(said([judgeClass([{ metadata }])]), /nobody has said whether it is Accepted/);
  });
});

describe("the doctor at gateways", () => {
  const whole = ["Accepted", "ResolvedRefs", "Programmed"].map((type) => condition(type));
  const lan: GatewayInForce = {
    metadata: { name: "lan", namespace: "envoy-gateway-system", generation: 2 },
    spec: { listeners: [{ name: "http" }, { name: "https-home-arpa" }] },
    status: {
      addresses: [{ value: "10.96.0.80" }],
      conditions: [condition("Accepted"), condition("Programmed")],
      listeners: [
        { name: "http", conditions: whole },
        { name: "https-home-arpa", conditions: whole },
      ],
    },
  };
  const judge = (...all: GatewayInForce[]): string =>
    said(judgeGateways([{ name: "lan", address: "10.96.0.80" }], all));

  it("says where one is that is programmed", () => {
    assert.equal(
      judge(lan),
      "ok: Gateway envoy-gateway-system/lan: is programmed at 10.96.0.80, with 2 listeners",
    );
  });

  it("names a listener whose certificate is not there, beside those that are well", () => {
    const broken = [
      condition("Accepted"),
      condition("ResolvedRefs", "False"),
      condition("Programmed", "False"),
    ];
    const listeners = [
      { name: "http", conditions: whole },
      { name: "https-home-arpa", conditions: broken },
    ];
    const text = judge({ ...lan, status: { ...lan.status, listeners } });
    assert.match(text, /^error: .* listener https-home-arpa: ResolvedRefs is False, Reason/);
    assert.doesNotMatch(text, /listener http:/);
  });

  it("wants the address of the config", () => {
    const other = { ...lan, status: { ...lan.status, addresses: [{ value: "10.96.0.1" }] } };
    assert.match(judge(other), /^error: .* is at 10\.96\.0\.1, and the config says 10\.96\.0\.80/);
  });

  it("sees a controller that stands still: what it said is of an older generation", () => {
    const changed = { ...lan, metadata: { ...lan.metadata, generation: 3 } };
    assert.match(judge(changed), /^error: .* Programmed was said before its last change/);
  });

  it("misses the site's own, and looks at others' too, wherever their address is", () => {
    const foreign = { ...lan, metadata: { ...lan.metadata, namespace: "games" } };
    assert.match(
      judge(foreign),
      /^error: Gateway envoy-gateway-system\/lan: is not in the cluster\nok: Gateway games\/lan/,
    );
    const silent = { metadata: foreign.metadata, spec: { listeners: [{ name: "http" }] } };
    assert.match(judge(lan, silent), /listener http: nobody has said whether it is Accepted/);
  });
});

describe("the doctor at proxies", () => {
  const deployment = (name: string, ready: number, replicas = 2) => ({
    metadata: { name, namespace: "envoy-gateway-system" },
    spec: { replicas },
    ...(ready === 0 ? {} : { status: { readyReplicas: ready } }),
  });
  const judge = (...all: Parameters<typeof judgeProxies>[1]): string =>
    said(judgeProxies(["lan"], all));

  it("warns of fewer than are wanted, and calls none a problem", () => {
    const controller = deployment("envoy-gateway", 2);
    assert.match(judge(controller, deployment("envoy-lan", 2)), /^ok.*\nok: .* 2 of 2 pods/);
    assert.match(judge(controller, deployment("envoy-lan", 1)), /^warning: .* 1 of 2 pods/m);
    assert.match(judge(controller, deployment("envoy-lan", 0)), /^error: .* 0 of 2 pods/m);
  });

  it("misses the controller and proxies that nobody made, and leaves other namespaces alone", () => {
    const elsewhere = { metadata: { name: "envoy-lan", namespace: "games" } };
    assert.match(
      judge(elsewhere),
      /^error: deployment envoy-gateway: is not .*\nerror: deployment envoy-lan: is not in the cluster$/,
    );
  });
});

describe("the doctor at routes", () => {
  const parentRef = { name: "lan", namespace: "envoy-gateway-system", sectionName: "http" };
  const taken = [condition("Accepted"), condition("ResolvedRefs")];
  const photos: RouteInForce = {
    kind: "HTTPRoute",
    metadata: { name: "photos", namespace: "photos", generation: 2 },
    spec: { parentRefs: [parentRef] },
    // The API server writes defaults into the one, and the controller may have written the other before.
    status: { parents: [{ parentRef: { ...parentRef, kind: "Gateway" }, conditions: taken }] },
  };
  const config = {
    routes: { photos: route.parse({ namespace: "photos", service: "photos", port: 80 }) },
  };
  const judge = (...all: RouteInForce[]): string => said(judgeRoutes(config, all));

  it("is content with one that all of its gateways have taken", () => {
    assert.match(judge(photos), /^ok: HTTPRoute photos\/photos/);
  });

  it("repeats why one leads nowhere", () => {
    const conditions = [condition("Accepted"), condition("ResolvedRefs", "False")];
    const broken = { ...photos, status: { parents: [{ parentRef, conditions }] } };
    assert.match(
      judge(broken),
      /^error: .* at Gateway envoy-gateway-system\/lan, listener http: ResolvedRefs is False, Reason: the controller's words$/,
    );
  });

  it("sees the one of two parents that nobody answers for", () => {
    const other = { ...parentRef, sectionName: "nowhere" };
    const half = { ...photos, spec: { parentRefs: [parentRef, other] } };
    assert.match(judge(half), /^error: .* listener nowhere: nobody has said whether/);
    assert.doesNotMatch(judge(half), /listener http:/);
  });

  it("takes a gateway without a namespace for one beside the route", () => {
    const spec = { parentRefs: [{ name: "lan" }] };
    assert.match(judge({ ...photos, spec }), /^error: .* at Gateway photos\/lan: nobody has said/);
  });

  it("misses one of the config, by its kind too", () => {
    assert.match(judge(), /^error: HTTPRoute photos\/photos: is not in the cluster$/);
    assert.match(judge({ ...photos, kind: "TLSRoute" }), /^error: HTTPRoute .* is not in/);
  });
});

describe("the doctor at the certificates of proxies and their controller", () => {
  let directory: string;
  let certificate: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "control-"));
    const authority = await openAuthority(directory);
    const { cert } = await authority.issue(["envoy-gateway"], new Date("2031-06-30T00:00:00Z"));
    certificate = Buffer.from(cert).toString("base64");
  });
  after(async () => {
    await rm(directory, { recursive: true });
  });
  const judgedOn = (day: string) => judgeControl(certificate, new Date(day));

  it("asks for the authority's, with which all of them end", async () => {
    const asked: string[] = [];
    const run: ClusterCommand = (_, args) => {
      asked.push(args.join(" "));
      return Promise.resolve({ ok: true, stdout: certificate, stderr: "" });
    };
    const checks = gatewayChecks({ config: homeConfig(), isUp: true }, run);
    const found = await checks
      .find(({ subject }) => subject === "certificate envoy-gateway")
      ?.run();
    assert.match(asked.join(), /envoy-gateway-system .*envoy-gateway .*\{\.data\.ca\\\.crt\}/);
    assert.match(said(found ?? []), /certificate envoy-gateway/);
  });

  it("names them when they end within 30 days, when they have ended, and when they are not there", () => {
    assert.equal(judgedOn("2031-05-01").severity, "ok");
    assert.match(said([judgedOn("2031-06-10")]), /^warning: .* ends on 2031-06-30, in 20 days/);
    assert.equal(judgedOn("2031-07-01").severity, "error");
    assert.match(said([judgeControl("")]), /^error: .* so no proxy gets its configuration/);
  });

  it("has new ones made, and leaves the key that signs logins alone", () => {
    const { remedy } = judgedOn("2031-06-10");
    const deleted = /delete secret ([a-z -]+) \(/.exec(remedy)?.[1]?.split(" ");
    assert.deepEqual(deleted, ["envoy-gateway", "envoy", "envoy-rate-limit"]);
    assert.match(remedy, /get hooks envoy-gateway .*rollout restart deployment/);
  });
});

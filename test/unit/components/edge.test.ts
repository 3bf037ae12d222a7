import assert from "node:assert/strict";
import { connectorToken } from "../../../components/edge/tunnel.ts";
import { Edge, type EdgeArgs } from "../../../components/edge/edge.ts";
import type { Recording } from "../../recorder.ts";
import { at } from "./at.ts";
import { family, register, standing, typeo, type Surroundings } from "./edge-world.ts";

const accountId = "0123456789abcdef0123456789abcdef";

function plan(changes: Partial<EdgeArgs> = {}): Omit<EdgeArgs, "cluster"> {
  return {
    site: "home",
    accountId,
    zone: "example.net",
    zoneId: "fedcba9876543210fedcba9876543210",
    team: "house",
    cloudflared: "2025.11.1",
    replicas: 2,
    access: { family },
    publish: [typeo],
    ...changes,
  };
}

const deploy = (
  { cluster, cloudflare, kubernetes }: Surroundings,
  changes: Partial<EdgeArgs>,
): Edge =>
  new Edge(
    "edge",
    { ...plan(changes), cluster: { ready: cluster, kubernetes } },
    { providers: [cloudflare] },
  );

describe("the edge", () => {
  let made: Recording;
  let edge: Edge;
  before(async () => {
    made = await register((given) => {
      const ready = standing("typeo-running");
      edge = deploy(given, { publish: [{ ...typeo, after: [ready] }] });
    });
  });

  it("asks no data source, so that a tunnel removed by hand breaks no preview", () => {
    assert.ok(made.find("edge-tunnel"));
    assert.deepEqual(made.invokes, []);
  });

  it("computes the tunnel's token and keeps it and the tunnel's secret from sight", () => {
    const tunnelSecret = Buffer.from("random-edge-tunnel-secret").toString("base64");
    const token = connectorToken(accountId, "edge-tunnel-id", tunnelSecret);
    assert.deepEqual(JSON.parse(Buffer.from(token, "base64").toString()), {
      a: accountId,
      t: "edge-tunnel-id",
      s: tunnelSecret,
    });
    assert.equal(made.get("edge-cloudflared-token").shown["stringData"], "[secret]");
    assert.deepEqual(made.get("edge-cloudflared-token").plain["stringData"], { token });
    assert.equal(made.get("edge-tunnel").shown["tunnelSecret"], "[secret]");
    assert.equal(made.get("edge-tunnel").shown["configSrc"], "cloudflare");
    const text = JSON.stringify(made.resources.map(({ shown }) => shown));
    assert.ok(!text.includes(token) && !text.includes(tunnelSecret));
  });

  it("draws another secret for the tunnel with another number, and none without", async () => {
    const drawn = async (changes: object): Promise<unknown> =>
      (await register((given) => void deploy(given, { publish: [typeo], ...changes }))).get(
        "edge-tunnel-secret",
      ).plain["keepers"];
    assert.deepEqual(await drawn({}), undefined);
    assert.deepEqual(await drawn({ tunnelSecret: 2 }), { number: "2" });
  });

  it("has cloudflared connect after the rules, and gone before the tunnel is deleted", () => {
    const waits = made.waitsFor("edge-cloudflared-deployment");
    assert.ok(waits.has("edge-rules") && waits.has("edge-tunnel"));
  });

  it("puts Access in front before the tunnel lets requests in and before the name resolves", () => {
    assert.ok(made.waitsFor("edge-rules").has("typeo.example.net-application"));
    assert.ok(made.waitsFor("typeo.example.net-record").has("typeo.example.net-application"));
    assert.ok(made.waitsFor("typeo.example.net-record").has("edge-rules"));
    assert.ok(made.waitsFor("typeo.example.net-record").has("typeo-running"));
    assert.ok(made.waitsFor("typeo.example.net-application").has("edge-access-family-policy"));
  });

  it("has cloudflared demand what Access marks, so that a deleted application closes the name", () => {
    assert.deepEqual(at(made.get("edge-rules").shown, "config.ingresses"), [
      {
        hostname: "typeo.example.net",
        service: "http://typeo.typeo.svc.cluster.local:8080",
        originRequest: {
          access: {
            required: true,
            teamName: "house",
            audTags: ["aud of typeo.example.net-application"],
          },
        },
      },
      { service: "http_status:404" },
    ]);
  });

  it("points the name at the tunnel with a record that does not collide with its successor", () => {
    const { shown, options } = made.get("typeo.example.net-record");
    assert.equal(options.deleteBeforeReplace, true);
    assert.deepEqual(
      [shown["type"], shown["content"], shown["proxied"], shown["ttl"], shown["comment"]],
      ["CNAME", "edge-tunnel-id.cfargotunnel.com", true, 1, "site home: typeo"],
    );
  });

  it("lets people and programs in by separate policies, both before the application", () => {
    const people = made.get("edge-access-family-policy").shown;
    assert.equal(people["decision"], "allow");
    assert.deepEqual(people["includes"], [
      { email: { email: "admin@example.net" } },
      { email: { email: "family@example.net" } },
    ]);
    const programs = made.get("edge-access-family-programs").shown;
    assert.equal(programs["decision"], "non_identity");
    assert.deepEqual(programs["includes"], [
      { serviceToken: { tokenId: "edge-access-monitoring-token-id" } },
    ]);
    assert.deepEqual(made.get("typeo.example.net-application").shown["policies"], [
      { id: "edge-access-family-policy-id", precedence: 1 },
      { id: "edge-access-family-programs-id", precedence: 2 },
    ]);
    assert.equal(made.get("typeo.example.net-application").shown["sessionDuration"], "24h");
  });

  it("gives programs their login as a secret", async () => {
    const login = edge.serviceTokens["monitoring"];
    assert.ok(login);
    const secrecy = async (value: unknown) => (value as { isSecret: Promise<boolean> }).isSecret;
    assert.deepEqual(
      [await secrecy(login.clientId), await secrecy(login.clientSecret)],
      [true, true],
    );
    const text = await new Promise<string>((resolve) => login.clientSecret.apply(resolve));
    assert.equal(text, "secret of edge-access-monitoring-token");
  });

  it("gives a token a new secret beside the old one, which is taken until its day", async () => {
    const rotations = { monitoring: { version: 2, previousUntil: "2027-01-31" } };
    const turned = await register((given) => void deploy(given, { rotations }));
    const { shown } = turned.get("edge-access-monitoring-token");
    assert.equal(shown["clientSecretVersion"], 2);
    assert.equal(shown["previousClientSecretExpiresAt"], "2027-01-31T00:00:00Z");
    const before = made.get("edge-access-monitoring-token").shown;
    assert.deepEqual([before["clientSecretVersion"], before["name"]], [undefined, shown["name"]]);
  });

  it("runs cloudflared spread over nodes, restricted, probed and rolled out with a new token", () => {
    const spec = made.get("edge-cloudflared-deployment").shown["spec"];
    assert.equal(at(spec, "replicas"), 2);
    const pod = at(spec, "template.spec");
    assert.equal(at(pod, "topologySpreadConstraints[0].whenUnsatisfiable"), "DoNotSchedule");
    assert.equal(at(pod, "automountServiceAccountToken"), false);
    assert.equal(at(pod, "securityContext.runAsNonRoot"), true);
    const container = at(pod, "containers[0]");
    assert.deepEqual(at(container, "args"), [
      "tunnel",
      "--no-autoupdate",
      "--metrics",
      "0.0.0.0:2000",
      "run",
    ]);
    assert.deepEqual(at(container, "securityContext.capabilities"), { drop: ["ALL"] });
    assert.equal(at(container, "readinessProbe.httpGet.path"), "/ready");
    assert.equal(at(container, "livenessProbe.httpGet.path"), "/healthcheck");
    const annotations = at(spec, "template.metadata.annotations") as Record<string, string>;
    assert.match(annotations["homelab/secret-fingerprint"] ?? "", /^[0-9a-f]{32}$/);
    assert.equal(at(made.get("edge-cloudflared-budget").shown, "spec.minAvailable"), 1);
  });
});

describe("an edge that may not be made", () => {
  it("is refused before anything of it is registered", async () => {
    const made = await register((given) => {
      const publish = [{ ...typeo, access: ["nobody"] }];
      assert.throws(
        () => deploy(given, { publish }),
        /typeo\.access\[0\]: nobody is not in homelab:edge\.access/,
      );
    });
    assert.ok(made.find("edge-tunnel") === undefined);
  });

  it("is refused without the team whose marks cloudflared trusts", async () => {
    await register((given) => {
      assert.throws(
        () => deploy(given, { team: undefined }),
        /team: typeo\.example\.net has Access/,
      );
    });
  });

  it("makes no application for a name that says aloud it has none", async () => {
    const publish = [{ ...typeo, access: [], withoutAccess: "a game for everybody" }];
    const made = await register((given) => void deploy(given, { publish }));
    assert.ok(made.find("typeo.example.net-application") === undefined);
    assert.equal(at(made.get("edge-rules").shown, "config.ingresses[0].originRequest"), undefined);
    assert.equal(
      made.get("typeo.example.net-record").shown["comment"],
      "public without Access: a game for everybody (site home)",
    );
  });
});

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { secret } from "@pulumi/pulumi";
import {
  Certificates,
  trustScript,
  type CertificatesArgs,
} from "../../../components/certificates/certificates.ts";
import {
  bundleSpec,
  certManagerValues,
  trustManagerValues,
} from "../../../components/certificates/cert-manager-values.ts";
import {
  authorityObject,
  certificateSpec,
  wildcard,
} from "../../../components/certificates/plan.ts";
import { record, type Recorded, type Recording } from "../../recorder.ts";
import { at } from "./at.ts";
import { violations } from "./json-schema.ts";
import { kindSchema, valuesSchema } from "./lab-schema.ts";
import { machineRoot, runScript } from "./machine-script.ts";
import { standingMachine } from "./standing-machine.ts";

const plan = { hosts: 4, nameservers: ["1.1.1.1", "9.9.9.9"], gatewayApi: true };

async function deploy(changes: Partial<CertificatesArgs> = {}): Promise<Recording> {
  const recording = await record("home");
  const kubernetes = new Kubernetes("kubernetes");
  const args = {
    ...plan,
    site: "home",
    answers: () => Promise.resolve(true),
    certManager: "v1.21.1",
    trustManager: "v0.24.0",
    acme: { zones: ["example.net"], email: undefined, apiToken: secret("cf-token") },
    certificates: [
      wildcard("example.net", "letsencrypt-production"),
      wildcard("home.arpa", "internal"),
    ],
    kept: {
      keeper: {
        assertKeeps: () => Promise.resolve(),
        find: () => Promise.resolve(undefined),
        keep: () => Promise.resolve(),
      },
      found: new Map(),
    },
    server: standingMachine("stone"),
    ...changes,
  } satisfies CertificatesArgs;
  new Certificates("home", args, { providers: [kubernetes] });
  return recording.settled();
}

describe("values of cert-manager's chart", () => {
  const schema = valuesSchema("cert-manager");

  it("are all known to the chart, on one host and on many", () => {
    for (const hosts of [1, 4])
      assert.deepEqual(violations(schema, certManagerValues({ ...plan, hosts })), []);
  });

  it("would be refused with keys that 1.21 removed", () => {
    const old = { prometheus: { servicemonitor: { path: "/metrics" } } };
    assert.deepEqual(violations(schema, old), ["$.prometheus.servicemonitor.path: is not known"]);
  });

  it("have as many pods as there are hosts for, and a budget where one may go", () => {
    const [many, one] = [4, 1].map((hosts) => certManagerValues({ ...plan, hosts }));
    const replicas = (values: object | undefined): unknown[] =>
      ["replicaCount", "cainjector.replicaCount", "webhook.replicaCount"].map((path) =>
        at(values ?? {}, path),
      );
    assert.deepEqual(replicas(many), [2, 2, 3]);
    assert.deepEqual(replicas(one), [1, 1, 1]);
    assert.equal(at(many ?? {}, "webhook.podDisruptionBudget.enabled"), true);
    assert.equal(at(one ?? {}, "webhook.podDisruptionBudget.enabled"), false);
  });

  it("ask resolvers of the internet alone", () => {
    const values = certManagerValues(plan);
    assert.equal(values["dns01RecursiveNameservers"], "1.1.1.1:53,9.9.9.9:53");
    assert.equal(values["dns01RecursiveNameserversOnly"], true);
  });

  it("leave Gateways out where their kinds are not there: the controller would not start", () => {
    assert.ok(!("config" in certManagerValues({ ...plan, gatewayApi: false })));
  });
});

describe("values of trust-manager's chart", () => {
  it("are all known to the chart", () => {
    const schema = valuesSchema("trust-manager");
    assert.deepEqual(violations(schema, trustManagerValues(4)), []);
    assert.deepEqual(violations(schema, trustManagerValues(1)), []);
  });
});

describe("certificates of a site", () => {
  let site: Recording;
  const follows = (name: string, other: string): boolean => site.waitsFor(name).has(other);
  const get = (name: string): Recorded => site.get(name);
  before(async () => {
    site = await deploy();
  });

  it("are objects that their kinds know", () => {
    const schemas: Readonly<Record<string, string>> = {
      Certificate: "charts/cert-manager/files/schemas/certificate.json",
      ClusterIssuer: "charts/cert-manager/files/schemas/clusterissuer.json",
      Bundle: "charts/trust-manager/files/schemas/bundle.json",
    };
    const own = site.resources.filter(({ type }) =>
      /^kubernetes:(trust\.)?cert-manager\.io/.test(type),
    );
    assert.equal(own.length, 8);
    for (const { name, plain } of own) {
      const schema = kindSchema(schemas[String(plain["kind"])] ?? "");
      assert.deepEqual(violations(schema, plain), [], name);
    }
    assert.deepEqual(
      violations(kindSchema(schemas["Bundle"] ?? ""), { spec: bundleSpec("x") }),
      [],
    );
  });

  it("are made once the webhook has answered, and go before it", () => {
    assert.ok(follows("selfsigned-issuer", "cert-manager"));
    assert.ok(follows("letsencrypt-production-issuer", "cert-manager"));
    assert.ok(follows("home-certificates", "cert-manager"));
    assert.ok(follows("trust-manager", "cert-manager"));
    assert.ok(follows("home-trust-command", "trust-manager"));
    assert.ok(follows("internal-ca-bundle", "home-trust-command"));
  });

  it("have Let's Encrypt's token before its issuers, which look for it when they are made", () => {
    assert.deepEqual(get("cloudflare-dns").shown["stringData"], "[secret]");
    for (const one of ["production", "staging"])
      assert.ok(follows(`letsencrypt-${one}-issuer`, "cloudflare-dns"));
  });

  it("find their Secret there, which is cert-manager's from then on", () => {
    const filled = get("example-net-secret");
    assert.ok(follows("example-net-certificate", "example-net-secret"));
    assert.deepEqual(filled.options.ignoreChanges, [
      "data",
      "metadata.labels",
      "metadata.annotations",
    ]);
    assert.deepEqual(filled.plain["data"], { "tls.crt": "", "tls.key": "" });
    assert.equal(filled.shown["data"], "[secret]");
  });

  it("are kept once all are Ready, but for what the site's own authority has signed", () => {
    for (const name of ["internal-ca-kept", "example-net-kept"]) {
      assert.ok(follows(name, "home-certificates-command"));
      assert.deepEqual(get(name).hooks.beforeCreate, [name]);
      assert.deepEqual(get(name).hooks.beforeUpdate, [name]);
    }
    assert.ok(!site.resources.some(({ name }) => name === "home-arpa-kept"));
  });

  it("say before Let's Encrypt is asked", () => {
    assert.deepEqual(get("example-net-certificate").hooks.beforeCreate, ["example-net-order"]);
    assert.deepEqual(get("home-arpa-certificate").hooks.beforeCreate ?? [], []);
  });

  it("keep the authority's key when it is renewed, since devices know it", () => {
    const spec = get("internal-ca-certificate").plain["spec"] as object;
    assert.equal(at(spec, "privateKey.rotationPolicy"), "Never");
    assert.equal(at(spec, "duration"), "87600h");
    assert.equal(at(spec, "isCA"), true);
  });

  it("are a server's where the site's own authority signs them, as Apple's devices want it", () => {
    const usages = (issuer: string): unknown =>
      at(certificateSpec({ secret: "seen-tls", names: ["seen.home.arpa"], issuer }), "usages");
    assert.deepEqual(usages("internal"), ["digital signature", "key encipherment", "server auth"]);
    assert.equal(usages("letsencrypt-production"), undefined, "it would be ordered once more");
    assert.equal(at(authorityObject("home", "cert-manager").spec, "usages"), undefined);
  });

  it("come from the site's own authority alone where there is no public zone", async () => {
    const alone = await deploy({
      acme: undefined,
      certificates: [wildcard("home.arpa", "internal")],
    });
    const issuers = alone.resources.filter(({ plain }) => plain["kind"] === "ClusterIssuer");
    assert.deepEqual(issuers.map(({ name }) => name).sort(), [
      "internal-issuer",
      "selfsigned-issuer",
    ]);
  });
});

describe("the proof of trust-manager's webhook", () => {
  const refusal = "failed calling webhook: x509: certificate signed by unknown authority";
  // kubectl that is refused as long as ROOT/refusals has lines.
  const kubectl = String.raw`#!/bin/bash
while [[ $1 == --* ]]; do if [[ $1 == --kubeconfig ]]; then shift; fi; shift; done
case "$*" in
  "create --dry-run=server -f /dev/fd/"*)
    cat "$4" >ROOT/bundle
    if [[ -s ROOT/refusals ]]; then sed -i 1d ROOT/refusals; echo "${refusal}" >&2; exit 1; fi ;;
  "-n cert-manager get pods -o wide") echo "trust-manager-0 1/1 Running" ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;
  const parameters = { BUNDLE: '{"kind":"Bundle"}', RELEASE: "v0.24.0" };
  let root: string;
  beforeEach(() => {
    root = machineRoot();
    const text = kubectl.replaceAll("ROOT", root);
    writeFileSync(join(root, "usr/local/bin/kubectl"), text, { mode: 0o755 });
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });
  const refuse = (times: number): void => {
    writeFileSync(join(root, "refusals"), "no\n".repeat(times));
  };

  it("waits until the API server knows the webhook's authority", async () => {
    refuse(2);
    const { code, stderr } = await runScript(root, trustScript, parameters);
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(join(root, "bundle"), "utf8").trim(), parameters.BUNDLE);
  });

  it("says what the API server answers when it never does", async () => {
    refuse(99);
    const short = trustScript.replaceAll(/wait_until \d+/g, "wait_until 1");
    const { code, stderr } = await runScript(root, short, parameters);
    assert.equal(code, 1);
    assert.match(stderr, /takes no Bundle after 180 s: .*unknown authority/);
    assert.match(stderr, /trust-manager-0 1\/1 Running/);
  });
});

import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { rootCertificates } from "node:tls";
import {
  authoritiesAbove,
  certificatesIn,
  markOf,
  pemOf,
} from "../../../components/tesla/chain.ts";
import { publicKeyOf } from "../../../components/tesla/key-pair.ts";
import { recordTypes, topicOf } from "../../../components/tesla/names.ts";
import {
  certificates,
  publicKeyAnswer,
  readerPods,
  serverAnnotations,
  serverPods,
  vehiclesService,
} from "../../../components/tesla/objects.ts";
import { pushJobObject, pushSecretObject } from "../../../components/tesla/push.ts";
import { readerFiles } from "../../../components/tesla/reader-config.ts";
import { serverConfig } from "../../../components/tesla/server-config.ts";
import { signalNames } from "../../../components/tesla/signals.ts";
import { readFileSync } from "node:fs";
import { httpRouteSpec } from "../../../components/gateway/routes.ts";
import { gatewayApi } from "../../../components/definitions/gateway-api.ts";
import { envoyGateway } from "../../../components/definitions/envoy-gateway.ts";
import { keyRoute } from "../../../components/tesla/public-key.ts";
import { at } from "./at.ts";
import { judge } from "./definition-schema.ts";
import { wordsOf } from "./step-words.ts";

const login = {
  ...{ bootstrap: "main-kafka-bootstrap.kafka.svc.cluster.local:9092", username: "tesla" },
  ...{ password: 'a"b\\c', protocol: "SASL_PLAINTEXT", mechanism: "SCRAM-SHA-512" },
};

describe("what Tesla's telemetry server is told", () => {
  const config = serverConfig({ prefix: "tesla" }, login);

  it("writes JSON to Kafka, and acknowledges what Kafka has", () => {
    assert.equal(config.transmit_decoded_records, true);
    assert.deepEqual(
      recordTypes.map((type) => topicOf(config.namespace, type)),
      ["tesla_V", "tesla_alerts", "tesla_errors", "tesla_connectivity"],
    );
    for (const type of recordTypes) assert.deepEqual(config.records[type], ["kafka"]);
    // The server ends at once where a connection is to be acknowledged (config.go, configureReliableAckSources).
    assert.deepEqual(config.reliable_ack_sources, { V: "kafka", alerts: "kafka", errors: "kafka" });
  });

  it("tells metrics to others than itself, and limits nothing by what it never reads", () => {
    assert.equal(config.monitoring.prometheus_metrics_host, "0.0.0.0");
    assert.ok(!("rate_limit" in config));
  });

  it("logs in with the password as it is", () => {
    assert.equal(config.kafka["sasl.password"], login.password);
    assert.equal(config.kafka["security.protocol"], "SASL_PLAINTEXT");
  });
});

describe("what counts Tesla's signals", () => {
  const vehicles = { "model-y": "5YJ30000000000001" };
  const files = readerFiles({ prefix: "tesla", vehicles }, { ...login, username: "tesla-metrics" });
  const config = files["telegraf.conf"] ?? "";

  it("reads two topics from now on, in a group that its user may use", () => {
    assert.match(config, /topics = \["tesla_V", "tesla_connectivity"\]/);
    assert.match(config, /consumer_group = "tesla-metrics"/);
    assert.match(config, /offset = "newest"/);
    assert.match(config, /sasl_password = "a\\"b\\\\c"/);
  });

  it("knows vehicles by name, and never forgets what it has counted", () => {
    assert.match(config, /constants\.vehicles\]\n {4}"5YJ30000000000001" = "model-y"\n/);
    assert.match(config, /expiration_interval = "0s"/);
    assert.match(files["signals.star"] ?? "", /^def apply\(metric\):/m);
  });
});

describe("the pods of Tesla's telemetry", () => {
  it("are asked at the server's status, and mount its certificate", () => {
    const { container, pod } = serverPods(1);
    assert.equal(at(container, "readinessProbe.httpGet.path"), "/status");
    assert.equal(at(container, "readinessProbe.httpGet.port"), "status");
    assert.match(at(container, "image") as string, /:v\d+\.\d+\.\d+$/);
    assert.equal(at(pod, "volumes[1].secret.secretName"), "fleet-telemetry-tls");
  });

  it("begin anew with a renewed certificate, and not by Reloader with another config", () => {
    assert.deepEqual(serverAnnotations, {
      "secret.reloader.stakater.com/reload": "fleet-telemetry-tls",
    });
  });

  it("count once", () => {
    assert.equal(readerPods().replicas, 1);
  });

  it("are reached at an address of the pool, at the router's port", () => {
    const service = vehiclesService({ address: "10.96.0.83", port: 8443 });
    assert.equal(service.metadata.annotations["lbipam.cilium.io/ips"], "10.96.0.83");
    assert.deepEqual(service.spec.ports, [
      { name: "vehicles", port: 8443, targetPort: "vehicles" },
    ]);
  });

  it("have a certificate for their name alone, and the proxy one for its loopback", () => {
    const plan = { hostname: "telemetry.example.net", issuer: "letsencrypt-production" };
    assert.deepEqual(
      certificates(plan).map(({ spec }) => [spec.dnsNames, spec.issuerRef.name]),
      [
        [["telemetry.example.net"], "letsencrypt-production"],
        [["localhost"], "internal"],
      ],
    );
  });
});

describe("a push to Tesla's vehicles", () => {
  const job = pushJobObject();
  const pod = job.spec.template.spec;

  it("runs the proxy beside it on the loopback, with a certificate of its own", () => {
    const [proxy, answers] = pod.initContainers;
    assert.equal(at(proxy, "restartPolicy"), "Always");
    const args = (at(proxy, "args") as string[]).join(" ");
    assert.match(args, /-host localhost -port 4443 -cert \/tls\/tls\.crt -tls-key \/tls\/tls\.key/);
    assert.match(args, /-key-file \/push\/key\.pem$/);
    assert.ok((at(answers, "args") as string[]).includes("--retry-connrefused"));
    assert.equal(at(pod, "volumes[0].secret.secretName"), "vehicle-command-tls");
  });

  it("pushes once, and ends by itself", () => {
    const { backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished } = job.spec;
    assert.deepEqual([backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished], [0, 300, 120]);
    const args = pod.containers.flatMap(({ args }) => args);
    assert.ok(!args.includes("--retry"));
  });

  it("has its secrets in files that go with the Job, and none in an argument", () => {
    const given = { privateKey: "key-canary", accessToken: "token-canary", body: { vins: [] } };
    const secret = pushSecretObject(given, "uid-of-the-job");
    assert.equal(secret.metadata.ownerReferences[0]?.uid, "uid-of-the-job");
    assert.equal(secret.stringData.header, "Authorization: Bearer token-canary");
    assert.ok(!JSON.stringify(job).includes("canary"));
  });
});

describe("the key by which Tesla's vehicles know the application", () => {
  const pair = (namedCurve: string) =>
    generateKeyPairSync("ec", {
      namedCurve,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "sec1", format: "pem" },
    });

  it("is the private one's public half", () => {
    const { privateKey, publicKey } = pair("prime256v1");
    assert.equal(publicKeyOf(privateKey), publicKey);
    assert.equal(publicKeyAnswer(publicKey).spec.directResponse.body.inline, publicKey);
  });

  it("is none of another curve, of another kind, or of no key at all", () => {
    const { privateKey: rsa } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    for (const text of [pair("secp384r1").privateKey, rsa, "", "canary"])
      assert.equal(publicKeyOf(text), undefined);
  });
});

describe("the authorities that Tesla's vehicles are told", () => {
  // Roots that sign themselves stand for a server's certificate with all above it.
  const [one = "", other = ""] = rootCertificates;

  it("are all above the server's certificate, to the root", () => {
    assert.deepEqual(
      authoritiesAbove(`${other}\n${one}\n`).map(({ fingerprint256 }) => fingerprint256),
      certificatesIn(one).map(({ fingerprint256 }) => fingerprint256),
    );
    assert.equal(certificatesIn(pemOf(certificatesIn(`${one}${other}`))).length, 2);
  });

  it("have the root that the server does not show", () => {
    const [root] = authoritiesAbove(one);
    assert.equal(root?.fingerprint256, certificatesIn(one)[0]?.fingerprint256);
  });

  it("are not guessed where nobody known has signed", () => {
    assert.throws(() => authoritiesAbove(one, []), /no root is known/);
    assert.throws(() => authoritiesAbove(""), /holds no certificate yet/);
  });

  it("are marked by their keys, in their order", () => {
    const mark = markOf(certificatesIn(`${one}${other}`));
    assert.equal(mark, markOf(certificatesIn(`${one}${other}`)));
    assert.notEqual(mark, markOf(certificatesIn(one)));
  });
});

describe("the signals that Tesla's vehicles know", () => {
  it("are those of the list, without what is for nothing any more", () => {
    assert.equal(signalNames.size, 241);
    for (const name of ["DriveRail", "Soc", "Location", "SelfDrivingMilesSinceReset"])
      assert.ok(signalNames.has(name), name);
    assert.ok(![...signalNames].some((name) => /^(Unknown|Deprecated|Experimental)/.test(name)));
  });
});

describe("the answer that shows the public key", () => {
  it("is taken by the definitions as they are pinned, with its route", async () => {
    const problems = await judge([gatewayApi("v1.6.1"), envoyGateway("v1.9.1")]);
    const apiVersion = "gateway.networking.k8s.io/v1";
    const spec = httpRouteSpec(keyRoute("tesla.example.net"));
    assert.deepEqual(problems({ apiVersion, kind: "HTTPRoute", spec }), []);
    assert.deepEqual(problems(publicKeyAnswer("-----BEGIN PUBLIC KEY-----")), []);
    assert.deepEqual(at(spec, "rules[0].matches[0].path"), {
      ...{ type: "Exact", value: "/.well-known/appspecific/com.tesla.3p.public-key.pem" },
    });
  });
});

describe("the proof that Tesla's vehicles are taken", () => {
  const script = readFileSync(
    new URL("../../../components/tesla/scripts/takes-vehicles.sh", import.meta.url),
    "utf8",
  );
  /** What it says where curl ends so. */
  const said = (code: number): string =>
    wordsOf({
      variables: `HOSTNAME_ASKED=telemetry.example.net ADDRESS=10.96.0.83 PORT=443
        curl() { return ${code}; }`,
      ...{ cases: "", script },
    });

  it("ends where TLS is spoken and a certificate asked for, in either version of TLS", () => {
    for (const code of [35, 55, 56]) assert.equal(said(code), "");
  });

  it("says what keeps vehicles away, or lets others in", () => {
    assert.match(said(7), /10\.96\.0\.83:443 does not take vehicles: nobody listens there/);
    assert.match(said(28), /curl ends with 28/);
    assert.match(said(0), /it lets clients in without a certificate/);
  });
});

import { isUnknown } from "@pulumi/pulumi";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { liveId } from "../../../components/workload/live.ts";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  itemFields,
  keptIn,
  secretMetadata,
  serves,
  whyOrder,
  type KeptPair,
} from "../../../components/certificates/kept.ts";
import { certificateObject, wildcard } from "../../../components/certificates/plan.ts";
import { tcpProblem } from "../../../stacks/doctor/ask.ts";

const object = certificateObject(wildcard("example.net", "letsencrypt-production"), "certificates");
const day = 86_400_000;
const after = (days: number): Date => new Date(Date.now() + days * day);

/** A certificate of 90 days with its key. */
function pair(
  names: readonly string[],
  key = "ec -pkeyopt ec_paramgen_curve:prime256v1",
): KeptPair {
  const directory = mkdtempSync(join(tmpdir(), "homelab-kept-"));
  try {
    const [keyFile, file] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const subject = `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`;
    const text =
      `req -x509 -nodes -days 90 -subj /CN=test -newkey ${key} -keyout ${keyFile} -out ${file} ` +
      `-addext ${subject}`;
    execFileSync("openssl", text.split(" "), { stdio: "pipe" });
    const issuer = "letsencrypt-production";
    return { certificate: readFileSync(file, "utf8"), key: readFileSync(keyFile, "utf8"), issuer };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("a kept certificate", () => {
  let good: KeptPair;
  before(() => {
    good = pair(["*.example.net"]);
  });

  it("comes back as it was, from fields of one line each", () => {
    const fields = itemFields(good);
    for (const { value } of fields) assert.doesNotMatch(value, /\n/);
    const shown = fields.filter(({ concealed }) => !concealed).map(({ label }) => label);
    assert.deepEqual(shown, ["issuer", "names", "ends"]);
    assert.deepEqual(keptIn({ fields: [...fields] }), good);
    assert.equal(keptIn({ fields: fields.slice(1) }), undefined);
  });

  it("is taken as it is while it is valid for these names", () => {
    assert.equal(whyOrder(good, object, new Date()), undefined);
    assert.equal(whyOrder(good, object, after(59)), undefined);
  });

  it("costs an order once two thirds of its time are over, and serves until its end", () => {
    assert.match(whyOrder(good, object, after(61)) ?? "", /due to be renewed/);
    assert.ok(serves(good, after(61)));
    assert.match(whyOrder(good, object, after(91)) ?? "", /has ended/);
    assert.ok(!serves(good, after(91)));
  });

  it("costs an order where it is another one", () => {
    const why = (kept: KeptPair | undefined): string => whyOrder(kept, object, new Date()) ?? "";
    assert.match(why(undefined), /none is kept/);
    assert.match(why({ ...good, issuer: "letsencrypt-staging" }), /is of letsencrypt-staging/);
    assert.match(why(pair(["example.net"])), /is for example\.net$/);
    assert.match(why(pair(["*.example.net"], "rsa:2048")), /key of another kind/);
    assert.match(why({ ...good, key: pair(["example.net"]).key }), /no certificate with its key/);
    assert.ok(!serves({ ...good, certificate: "lost" }, new Date()));
  });

  it("is marked as cert-manager marks its own: without the issuer's kind it would order at once", () => {
    const { annotations, labels } = secretMetadata(object);
    assert.deepEqual(labels, { "controller.cert-manager.io/fao": "true" });
    assert.equal(annotations["cert-manager.io/issuer-kind"], "ClusterIssuer");
    assert.equal(annotations["cert-manager.io/issuer-name"], "letsencrypt-production");
    assert.equal(annotations["cert-manager.io/certificate-name"], "example-net");
  });
});

describe("a preview of kept certificates", () => {
  const id = "certificates/home-arpa-tls";
  const answers = (answer: boolean) => () => Promise.resolve(answer);

  it("reads none from an API that does not answer, at which the provider would fail it", async () => {
    assert.equal(isUnknown(await liveId(id, true, answers(false))), true);
    assert.equal(await liveId(id, true, answers(true)), id);
    assert.equal(await liveId(id, false, answers(false)), id);
  });

  it("finds out who listens, and who does not", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    assert.equal(await tcpProblem("127.0.0.1", port), undefined);
    server.close();
    await once(server, "close");
    assert.match((await tcpProblem("127.0.0.1", port)) ?? "", /ECONNREFUSED/);
  });
});

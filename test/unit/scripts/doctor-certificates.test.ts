import assert from "node:assert/strict";
import {
  judgeCertificate,
  judgeIssuers,
  judgeKept,
  type Judged,
} from "../../../stacks/parts/certificates/doctor.ts";

const now = new Date("2026-11-01T00:00:00Z");
const day = 86_400_000;
const inDays = (days: number): string => new Date(now.getTime() + days * day).toISOString();

const certificate = (ends: number, due: number, ready = "True"): Judged => ({
  metadata: { name: "example-net", namespace: "certificates" },
  status: {
    conditions: [{ type: "Ready", status: ready, message: "said" }],
    notAfter: inDays(ends),
    renewalTime: inDays(due),
  },
});

describe("doctor, certificates", () => {
  it("finds nothing in one that is Ready and not due, however short its time is", () => {
    assert.equal(judgeCertificate(certificate(60, 30), now).severity, "ok");
    assert.equal(judgeCertificate(certificate(2, 1), now).severity, "ok");
  });

  it("warns of one that should have been renewed, and calls an ended one a problem", () => {
    assert.equal(judgeCertificate(certificate(29, -1), now).severity, "ok");
    assert.equal(judgeCertificate(certificate(20, -10), now).severity, "warning");
    assert.equal(judgeCertificate(certificate(-1, -31), now).severity, "error");
  });

  it("says why one is not Ready, with the reason of the order that failed", () => {
    const failed: Judged = {
      metadata: { name: "example-net", namespace: "certificates" },
      status: {
        conditions: [
          { type: "Ready", status: "False", message: "does not exist" },
          { type: "Issuing", status: "False", message: "429 rateLimited" },
        ],
      },
    };
    const { severity, text } = judgeCertificate(failed, now);
    assert.equal(severity, "error");
    assert.match(text, /does not exist; 429 rateLimited/);
  });

  it("names issuers that are not Ready, and their absence from a site that is up", () => {
    const bad = { metadata: { name: "internal" }, status: { conditions: [] } };
    assert.equal(judgeIssuers([bad], true)[0]?.severity, "error");
    assert.equal(judgeIssuers([], true)[0]?.severity, "error");
    assert.equal(judgeIssuers([], false)[0]?.severity, "ok");
  });

  it("compares what is kept with what is in use", () => {
    const held = Buffer.from("pem").toString("base64");
    const kept = { certificate: "pem", key: "key", issuer: "letsencrypt-production" };
    assert.equal(judgeKept("example-net", kept, held).severity, "ok");
    assert.equal(
      judgeKept("example-net", { ...kept, certificate: "old" }, held).severity,
      "warning",
    );
    assert.equal(judgeKept("example-net", undefined, held).severity, "error");
  });
});

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAuthority, type KeyPair } from "../world/authority.ts";
import { Redating } from "../world/dates.ts";

const day = 86_400_000;

describe("time that passes", () => {
  let directory: string;
  let authority: KeyPair;
  let leaf: string;
  let redating: Redating;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "dates-"));
    const opened = await openAuthority(directory);
    const key = await readFile(join(directory, "ca.key"), "utf8");
    authority = { cert: await readFile(opened.certificateFile, "utf8"), key };
    leaf =
      (await opened.issue(["stone", "192.0.2.1"])).cert.split(
        /(?<=-----END CERTIFICATE-----\n)/,
      )[0] ?? "";
    redating = new Redating(100, [authority]);
  });

  after(async () => {
    await rm(directory, { recursive: true });
  });

  /** Fails unless `pem` is the leaf, made 100 days earlier. */
  function expectOlder(pem: string): void {
    const [young, old] = [new X509Certificate(leaf), new X509Certificate(pem)];
    assert.equal(young.validToDate.getTime() - old.validToDate.getTime(), 100 * day);
    assert.equal(young.validFromDate.getTime() - old.validFromDate.getTime(), 100 * day);
    const ca = new X509Certificate(authority.cert);
    assert.ok(old.checkIssued(ca) && old.verify(ca.publicKey));
    for (const part of ["subject", "issuer", "subjectAltName", "serialNumber", "keyUsage"] as const)
      assert.deepEqual(old[part], young[part]);
    assert.equal(
      old.publicKey.export({ type: "spki", format: "pem" }),
      young.publicKey.export({ type: "spki", format: "pem" }),
    );
  }

  it("makes a certificate older, signed by its own authority, and leaves the authority as it is", async () => {
    const dated = await redating.certificates(`${leaf}${authority.cert}`);
    assert.ok(dated.endsWith(authority.cert));
    expectOlder(dated.slice(0, -authority.cert.length));
  });

  it("makes the same of a certificate wherever it stands", async () => {
    const dated = await redating.certificates(leaf);
    assert.equal(await redating.certificates(`${leaf}${leaf}`), `${dated}${dated}`);
  });

  it("leaves what another authority has signed", async () => {
    const other = new Redating(100, []);
    assert.equal(await other.certificates(leaf), leaf);
  });

  it("makes a stack's state older: kubeconfigs in it, and moments, secret or not", async () => {
    const kubeconfig = (pem: string): string =>
      `client-certificate-data: ${Buffer.from(pem).toString("base64")}\nuser: x`;
    const signature = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
    const state = {
      version: 3,
      deployment: {
        manifest: { time: "2027-01-01T00:00:00Z" },
        resources: [
          { created: "2027-01-01T00:00:00Z", outputs: { at: "2027-04-11T10:00:00Z" } },
          { inputs: { stdin: { ...signature, plaintext: JSON.stringify(kubeconfig(leaf)) } } },
        ],
      },
    };
    const dated = JSON.parse(await redating.state(JSON.stringify(state))) as typeof state;
    assert.equal(dated.deployment.manifest.time, "2027-01-01T00:00:00Z");
    const [first, second] = dated.deployment.resources;
    assert.deepEqual(first, {
      created: "2027-01-01T00:00:00Z",
      outputs: { at: "2027-01-01T10:00:00Z" },
    });
    const text = JSON.parse(second?.inputs?.stdin.plaintext ?? "") as string;
    const [, encoded = ""] = /data: (\S+)\nuser: x$/.exec(text) ?? [];
    expectOlder(Buffer.from(encoded, "base64").toString());
  });
});

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { validationsOf } from "./acme.ts";
import { kubernetes } from "./cluster.ts";
import { attempt, kubectl, paths, run } from "./command.ts";
import { routed, siteIsRouted } from "./gateway.ts";
import { eventually, nothingToChange } from "./site.ts";
import { given } from "./states.ts";
import { written } from "./trust.ts";
import { cloudflare } from "./world.ts";

const namespace = "certificate-readers";

interface Certificate {
  readonly status?: {
    readonly revision?: number;
    readonly notAfter?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

function certificate(name: string, issuer: string, spec: object): object {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { name, namespace },
    spec: {
      secretName: `${name}-tls`,
      issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: issuer },
      ...spec,
    },
  };
}

const statusOf = async (
  name: string,
  of = namespace,
): Promise<NonNullable<Certificate["status"]>> =>
  (await kubectl<Certificate>`--context home get certificate -n ${of} ${name}`).status ?? {};

async function expectReady(name: string): Promise<void> {
  const { conditions = [] } = await statusOf(name);
  const ready = conditions.find(({ type }) => type === "Ready");
  assert.equal(ready?.status, "True", JSON.stringify(conditions));
}

/** The certificate in a Secret. */
async function held(of: string, name: string): Promise<X509Certificate> {
  const path = "jsonpath={.data.tls\\.crt}";
  const encoded = await run`kubectl --context home get secret -n ${of} ${name} -o ${path}`;
  return new X509Certificate(Buffer.from(encoded, "base64"));
}

/** What Apple's devices want of a server's certificate, whoever has signed it: https://support.apple.com/103769. */
function assertTaken({ keyUsage, subjectAltName, validFrom, validTo }: X509Certificate): void {
  const serverAuth = "1.3.6.1.5.5.7.3.1";
  assert.ok((keyUsage as string[] | undefined)?.includes(serverAuth), "it is not for servers");
  assert.match(subjectAltName ?? "", /^DNS:/);
  const days = (Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000;
  assert.ok(days <= 825, `it is valid for ${days} days`);
}

/** The certificate that a client of the gateway is shown for a name, which it verifies by `trust`. */
async function shown(name: string, trust: string): Promise<X509Certificate> {
  const format = "%{certs}";
  const asked =
    await run`curl -sS -m 10 --cacert ${trust} -o /dev/null -w ${format} https://${name}/`;
  const first = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(asked)?.[0];
  assert.ok(first, asked);
  const certificate = new X509Certificate(first);
  assertTaken(certificate);
  return certificate;
}

describe("certificates of the site", () => {
  given(siteIsRouted);

  // Its own, for Let's Encrypt's limit is on the same names.
  const name = `seen-${Date.now().toString(36)}.example.net`;
  /** Of what the gateway shows for names of the public zone. */
  const publicTrust = join(paths.ca, "bundle.pem");
  let challenged: number;

  before("ask for certificates, and for the authority's bundle, in a namespace", async () => {
    challenged = await challenges();
    const labels = { "homelab/internal-ca": "true" };
    await kubernetes("apply", [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
      certificate("seen", "letsencrypt-production", { dnsNames: [name] }),
      certificate("short", "internal", {
        ...{ dnsNames: ["short.home.arpa"], duration: "1h", renewBefore: "59m45s" },
        privateKey: { rotationPolicy: "Always" },
      }),
    ]);
  });

  after(async () => {
    await run`kubectl --context home delete namespace ${namespace} --ignore-not-found`;
  });

  it("are known by the authority's bundle where a namespace asks for it, and nowhere else", async () => {
    await eventually(60, async () => {
      assert.match(await bundle(), /BEGIN CERTIFICATE/);
    });
    const other = await attempt`kubectl --context home get configmap -n default internal-ca`;
    assert.match(other.stderr, /not found/);
    const authority = await held("cert-manager", "internal-ca");
    assert.equal(new X509Certificate(await bundle()).fingerprint256, authority.fingerprint256);
  });

  it("are shown by the gateway, and verified by that bundle or by what every device trusts", async () => {
    const own = await shown(routed.own, await written(await bundle()));
    const inCluster = await held("certificates", "home-arpa-tls");
    assert.equal(own.serialNumber, inCluster.serialNumber);
    const zone = await shown(routed.zone, publicTrust);
    assert.match(zone.issuer, /Pebble Intermediate CA/);
    assert.equal(zone.subjectAltName, "DNS:*.example.net");
    const { code } = await attempt`curl -sS -m 10 -o /dev/null https://${routed.own}/`;
    assert.equal(code, 60, "a device that was not told of the authority trusts it");
  });

  it("are renewed in time, each time with another key", async () => {
    await eventually(60, () => expectReady("short"));
    const first = await held(namespace, "short-tls");
    const { revision = 0 } = await statusOf("short");
    await eventually(120, async () => {
      assert.ok(((await statusOf("short")).revision ?? 0) > revision);
    });
    const next = await held(namespace, "short-tls");
    assert.notEqual(next.serialNumber, first.serialNumber);
    const key = (of: X509Certificate): string =>
      of.publicKey.export({ type: "spki", format: "pem" }).toString();
    assert.notEqual(key(next), key(first));
  });

  it("come to the gateway's clients when they are renewed, who trust them as before", async () => {
    const trust = await written(await bundle());
    const { serialNumber } = await shown(routed.own, trust);
    // What `cmctl renew` writes (cmd/ctl/pkg/renew of cert-manager).
    const condition = {
      ...{
        type: "Issuing",
        status: "True",
        reason: "ManuallyTriggered",
        message: "Renewed by hand",
      },
      lastTransitionTime: new Date().toISOString().replace(/\.\d+/, ""),
    };
    const { conditions = [] } = await statusOf("home-arpa", "certificates");
    const status = JSON.stringify({ status: { conditions: [...conditions, condition] } });
    const object = "certificate/home-arpa";
    await run`kubectl --context home patch -n certificates ${object} --subresource status --type merge -p ${status}`;
    await eventually(90, async () => {
      assert.notEqual((await shown(routed.own, trust)).serialNumber, serialNumber);
    });
    const renewed = await held("certificates", "home-arpa-tls");
    assert.equal((await shown(routed.own, trust)).serialNumber, renewed.serialNumber);
  });

  it("are issued by Let's Encrypt, to whom the public zone proves the name, for one order", async () => {
    await eventually(300, () => expectReady("seen"));
    const { issuer, subjectAltName } = await held(namespace, "seen-tls");
    assert.match(issuer, /Pebble Intermediate CA/);
    assert.equal(subjectAltName, `DNS:${name}`);
    assert.equal(await validationsOf(name), 1);
    assert.equal((await challenges()) - challenged, 1, "records were written for another order");
    // An answer that cert-manager missed is asked for again after a minute, with the record there until then.
    await eventually(120, async () => {
      const records = await cloudflare<{ name: string }[]>("GET", "zones/{z}/dns_records");
      const left = records.filter((record) => record.name.startsWith("_acme-challenge."));
      assert.deepEqual(left, []);
    });
  });

  it("leave nothing to change", async () => {
    await nothingToChange("home");
  });

  async function bundle(): Promise<string> {
    const path = "jsonpath={.data.ca\\.crt}";
    return run`kubectl --context home get configmap -n ${namespace} internal-ca -o ${path}`;
  }
});

/** Records that were written into the zone since the lab began. */
async function challenges(): Promise<number> {
  const log = await readFile(join(paths.logs, "cloudflare.log"), "utf8");
  return log.split("\n").filter((line) => /POST \S+\/dns_records 200/.test(line)).length;
}

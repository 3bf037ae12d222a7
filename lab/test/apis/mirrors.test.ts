import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { cloudImages } from "../../world/inventory.ts";
import { noFaults, type Faults } from "../../world/faults.ts";
import { createMirrors, type Mirrors } from "../../apis/mirrors/server.ts";
import { readFromTar, writeTar } from "../../apis/mirrors/tar.ts";
import { selfSigned } from "./certificate.ts";
import { httpsRequest, type Answer } from "./https-request.ts";

const image = cloudImages[0];
const release = "/rancher/rke2/releases/download/v1.35.4%2Brke2r1";
const sha256 = (body: Buffer): string => createHash("sha256").update(body).digest("hex");

describe("Mirrors", () => {
  const folder = mkdtempSync(join(tmpdir(), "mirrors-"));
  const charts = join(folder, "charts");
  const real = join(folder, "real");
  let faults: Faults = noFaults;
  let mirrors: Mirrors;

  const get = (host: string, path: string, method = "GET"): Promise<Answer> =>
    httpsRequest({
      ...{ host: "127.0.0.1", port: mirrors.port, servername: host, rejectUnauthorized: false },
      ...{ method, path, headers: { host } },
    });

  before(async () => {
    mkdirSync(join(charts, "cilium/templates"), { recursive: true });
    mkdirSync(real);
    writeFileSync(
      join(charts, "cilium/Chart.yaml"),
      "apiVersion: v2\nname: cilium\nversion: 1.19.6\n",
    );
    writeFileSync(join(charts, "cilium/values.yaml"), "a: 1\n");
    writeFileSync(join(charts, "cilium/templates/map.yaml"), "kind: ConfigMap\n");
    writeFileSync(join(folder, "rke2"), "#!/bin/sh\necho rke2\n");
    writeFileSync(join(folder, "tailscale"), '#!/bin/sh\nbasename "$0"\n');
    mkdirSync(join(folder, "repositories/kubernetes-sigs/gateway-api/v1.6.1/config"), {
      recursive: true,
    });
    writeFileSync(
      join(folder, "repositories/kubernetes-sigs/gateway-api/v1.6.1/config/gateways.yaml"),
      "kind: CustomResourceDefinition\n",
    );
    mkdirSync(join(charts, "tailscale-operator"));
    writeFileSync(
      join(charts, "tailscale-operator/Chart.yaml"),
      "apiVersion: v2\nname: tailscale-operator\nversion: 1.102.3\n",
    );
    mirrors = await createMirrors({
      address: "127.0.0.1",
      port: 0,
      tls: selfSigned(),
      rke2Binary: join(folder, "rke2"),
      tailscaleBinary: join(folder, "tailscale"),
      repositories: join(folder, "repositories"),
      chartsSource: charts,
      chartsDir: real,
      cacheDir: join(folder, "cache"),
      faults: { consult: (service, request) => faults.consult(service, request) },
    });
  });
  after(async () => {
    await mirrors.close();
    rmSync(folder, { recursive: true });
  });

  it("serve the cloud image under the checksum that its publisher states", async () => {
    const { pathname, hostname } = new URL(image.url);
    const answer = await get(hostname, pathname);
    assert.equal(answer.status, 200);
    assert.deepEqual([...answer.body.subarray(0, 4)], [0x51, 0x46, 0x49, 0xfb]);
    assert.match(answer.body.toString("latin1"), /stands for https:\/\/cloud\.debian\.org/);
    assert.equal(answer.body.readBigUInt64BE(24), 2n * 1024n ** 3n);
    const head = await get(hostname, pathname, "HEAD");
    assert.equal(Number(head.headers["content-length"]), answer.body.length);
    assert.equal(head.body.length, 0);
    const sums = await get(hostname, pathname.replace(/[^/]+$/, "SHA512SUMS"));
    assert.equal(sums.body.toString(), `${image.sha512}  ${pathname.split("/").at(-1)}\n`);
    const download = await mirrors.download(image.url);
    assert.deepEqual(download.standsFor, { sha512: image.sha512 });
    assert.deepEqual(download.body, answer.body);
  });

  it("serve Ubuntu's image, which has a SHA-256 alone", async () => {
    const { url, sha256 } = cloudImages[1];
    const { hostname, pathname } = new URL(url);
    const sums = await get(hostname, pathname.replace(/[^/]+$/, "SHA256SUMS"));
    assert.equal(sums.body.toString(), `${sha256} *${pathname.split("/").at(-1)}\n`);
    assert.deepEqual((await mirrors.download(url)).standsFor, { sha256 });
  });

  it("serve RKE2 releases with a true checksum, `+` written either way, each program knowing which it is", async () => {
    const archive = await get("github.com", `${release}/rke2.linux-amd64.tar.gz`);
    assert.equal(archive.status, 200);
    const sums = await get("github.com", `${release.replace("%2B", "+")}/sha256sum-amd64.txt`);
    assert.equal(sums.body.toString(), `${sha256(archive.body)}  rke2.linux-amd64.tar.gz\n`);
    const file = join(folder, "release.tar.gz");
    writeFileSync(file, archive.body);
    const listing = execFileSync("tar", ["-tvzf", file], { encoding: "utf8" });
    for (const path of [
      ...["bin/rke2", "bin/rke2-killall.sh", "bin/rke2-uninstall.sh"].map((name) => `rwx.*${name}`),
      ...["server", "agent"].flatMap((role) => [`rke2-${role}.service`, `rke2-${role}.env`]),
      "share/rke2/rke2-cis-sysctl.conf",
    ])
      assert.match(listing, new RegExp(path));
    const releaseOf = async (version: string): Promise<string | undefined> => {
      const path = `${release.replace("v1.35.4", version)}/rke2.linux-amd64.tar.gz`;
      const { status, body } = await get("github.com", path);
      if (status !== 200) return `${status} ${body.toString()}`;
      const program = readFromTar(gunzipSync(body), (name) => name === "bin/rke2");
      return program?.toString().split("\n").at(-1);
    };
    assert.equal(await releaseOf("v1.36.3"), "homelab-rke2-release=v1.36.3+rke2r1");
    assert.equal(await releaseOf("v1.35.4"), "homelab-rke2-release=v1.35.4+rke2r1");
    assert.equal(await releaseOf("v1.35.99"), "404 Not Found");
  });

  it("serve files of repositories at a tag, and nothing beside them", async () => {
    const raw = async (path: string): Promise<string> => {
      const { status, body } = await get("raw.githubusercontent.com", path);
      return `${status} ${body.toString().trim()}`;
    };
    const tag = "/kubernetes-sigs/gateway-api/v1.6.1";
    assert.equal(await raw(`${tag}/config/gateways.yaml`), "200 kind: CustomResourceDefinition");
    for (const path of [`${tag}/config`, `${tag}/config/none.yaml`, "/%2e%2e%2fcharts"])
      assert.equal(await raw(path), "404 Not Found", path);
  });

  it("serve the lab's chart with a true digest in the index; a real one in the folder wins", async () => {
    const { entries } = parse((await get("helm.cilium.io", "/index.yaml")).body.toString()) as {
      entries: { cilium: { version: string; digest: string; urls: string[] }[] };
    };
    const chart = await get("helm.cilium.io", "/cilium-1.19.6.tgz");
    assert.equal(entries.cilium[0]?.digest, sha256(chart.body));
    assert.deepEqual(entries.cilium[0].urls, ["https://helm.cilium.io/cilium-1.19.6.tgz"]);
    assert.equal(
      readFromTar(gunzipSync(chart.body), (path) => path === "cilium/values.yaml")?.toString(),
      "a: 1\n",
    );
    assert.deepEqual(mirrors.inUse()[0], {
      ...{ name: "chart cilium 1.19.6", kind: "stand-in", detail: join(charts, "cilium") },
    });
    execFileSync("tar", ["-czf", join(real, "cilium-1.19.6.tgz"), "-C", charts, "cilium"]);
    assert.equal(mirrors.inUse()[0]?.kind, "real");
    assert.notDeepEqual((await get("helm.cilium.io", "/cilium-1.19.6.tgz")).body, chart.body);
  });

  for (const architecture of ["amd64", "arm64"])
    it(`serve Tailscale's static release for ${architecture} with its bare checksum`, async () => {
      const name = `tailscale_1.102.3_${architecture}`;
      const archive = await get("pkgs.tailscale.com", `/stable/${name}.tgz`);
      const sum = await get("pkgs.tailscale.com", `/stable/${name}.tgz.sha256`);
      assert.equal(sum.body.toString(), sha256(archive.body));
      writeFileSync(join(folder, "release.tgz"), archive.body);
      execFileSync("tar", ["-xzf", join(folder, "release.tgz"), "-C", folder]);
      for (const program of ["tailscale", "tailscaled"])
        assert.equal(
          execFileSync(join(folder, name, program), { encoding: "utf8" }),
          `${program}\n`,
        );
      assert.deepEqual(readdirSync(join(folder, name, "systemd")), [
        "tailscaled.defaults",
        "tailscaled.service",
      ]);
      assert.equal(
        (await get("pkgs.tailscale.com", "/stable/tailscale_1.0.0_amd64.tgz")).status,
        404,
      );
    });

  it("serve a chart repository below a path of a host that serves other things too", async () => {
    const base = "/helmcharts";
    const { entries } = parse(
      (await get("pkgs.tailscale.com", `${base}/index.yaml`)).body.toString(),
    ) as { entries: Record<string, { digest: string; urls: string[] }[]> };
    const entry = entries["tailscale-operator"]?.[0];
    const url = "https://pkgs.tailscale.com/helmcharts/tailscale-operator-1.102.3.tgz";
    assert.deepEqual(entry?.urls, [url]);
    const chart = await get("pkgs.tailscale.com", new URL(url).pathname);
    assert.equal(entry?.digest, sha256(chart.body));
    assert.equal((await get("pkgs.tailscale.com", "/index.yaml")).status, 404);
  });

  it("serve a chart of a registry by tag and digest, as Helm asks for it", async () => {
    mkdirSync(join(charts, "gateway-helm"));
    writeFileSync(
      join(charts, "gateway-helm/Chart.yaml"),
      "apiVersion: v2\nname: gateway-helm\nversion: v1.9.1\n",
    );
    const base = "/v2/envoyproxy/gateway-helm";
    const registry = (path: string, method?: string): Promise<Answer> =>
      get("registry-1.docker.io", `${base}/${path}`, method);
    const head = await registry("manifests/v1.9.1", "HEAD");
    const manifest = await registry(`manifests/${String(head.headers["docker-content-digest"])}`);
    assert.equal(head.headers["docker-content-digest"], `sha256:${sha256(manifest.body)}`);
    assert.equal(head.headers["content-type"], "application/vnd.oci.image.manifest.v1+json");
    const { layers } = JSON.parse(manifest.body.toString()) as { layers: { digest: string }[] };
    const { body } = await registry(`blobs/${layers[0]?.digest}`);
    assert.equal(layers[0]?.digest, `sha256:${sha256(body)}`);
    assert.match(
      readFromTar(gunzipSync(body), (path) => path === "gateway-helm/Chart.yaml")?.toString() ?? "",
      /name: gateway-helm/,
    );
    assert.equal((await registry("manifests/v9.9.9")).status, 404);
  });

  it("answer 404 for what they do not have, and obey faults", async () => {
    assert.equal((await get("example.com", "/")).status, 404);
    assert.equal((await get("helm.cilium.io", "/cilium-1.0.0.tgz")).status, 404);
    await assert.rejects(mirrors.download("https://example.com/a"), /could not resolve host/);
    await assert.rejects(mirrors.download("https://github.com/a"), /404 Not Found/);
    faults = { consult: () => Promise.resolve({ status: 503, body: "busy" }) };
    assert.equal((await get("helm.cilium.io", "/index.yaml")).status, 503);
    faults = { consult: () => Promise.resolve("cut") };
    await assert.rejects(get("helm.cilium.io", "/index.yaml"));
    faults = noFaults;
  });

  it("write archives that depend on nothing but their content, and refuse paths too long for them", () => {
    const entries = [{ path: `${"d/".repeat(60)}file`, body: Buffer.from("x") }];
    assert.deepEqual(writeTar(entries), writeTar(entries));
    assert.equal(readFromTar(writeTar(entries), (path) => path.endsWith("/file"))?.toString(), "x");
    assert.throws(() => writeTar([{ path: "p".repeat(300), body: Buffer.alloc(0) }]), /too long/);
  });
});

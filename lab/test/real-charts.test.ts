import assert from "node:assert/strict";
import { mkdtemp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { chartRegistries, chartRepositories } from "../apis/mirrors/charts.ts";
import { realCharts } from "../apis/mirrors/real-charts.ts";

describe("real charts", () => {
  let directory: string;
  const answers = new Map<string, string>();
  const network = globalThis.fetch;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "homelab-charts-"));
    for (const name of [chartRepositories, chartRegistries].flatMap((of) =>
      Object.values(of).flat(),
    )) {
      await mkdir(join(directory, "own", name), { recursive: true });
      const text = `name: ${name}\nversion: 1.2.3\n`;
      await writeFile(join(directory, "own", name, "Chart.yaml"), text);
    }
    globalThis.fetch = (input) => {
      const body = answers.get(input instanceof Request ? input.url : String(input));
      if (body === undefined) return Promise.reject(new TypeError("fetch failed"));
      return Promise.resolve(new Response(body));
    };
  });
  after(async () => {
    globalThis.fetch = network;
    await rm(directory, { recursive: true });
  });

  const get = async (cache: string): Promise<{ files: string[]; said: string }> => {
    const said: string[] = [];
    const folder = join(directory, cache);
    const sources = {
      labCharts: join(directory, "own"),
      cache: folder,
      helm: join(directory, "helm"),
    };
    await realCharts(sources, (step) => said.push(step));
    return { files: await readdir(folder), said: said.join("\n") };
  };
  const publish = (digest: string): void => {
    const entry = `{version: 1.2.3, digest: "${digest}", urls: [cilium-1.2.3.tgz]}`;
    answers.set("https://helm.cilium.io/index.yaml", `entries: {cilium: [${entry}]}`);
    answers.set("https://helm.cilium.io/cilium-1.2.3.tgz", "archive");
  };

  it("give way to the lab's own, with the reason, where the repository does not answer", async () => {
    answers.clear();
    const { files, said } = await get("silent");
    assert.deepEqual(files, []);
    assert.match(
      said,
      /lab's own chart cilium: https:\/\/helm\.cilium\.io\/index\.yaml: fetch failed/,
    );
  });

  it("are kept when the index's digest agrees", async () => {
    publish(createHash("sha256").update("archive").digest("hex"));
    assert.deepEqual((await get("good")).files, ["cilium-1.2.3.tgz"]);
  });

  it("are found in a repository below a path of its host", async () => {
    answers.clear();
    const digest = createHash("sha256").update("operator").digest("hex");
    const entry = `{version: 1.2.3, digest: "${digest}", urls: [tailscale-operator-1.2.3.tgz]}`;
    const base = "https://pkgs.tailscale.com/helmcharts";
    answers.set(`${base}/index.yaml`, `entries: {tailscale-operator: [${entry}]}`);
    answers.set(`${base}/tailscale-operator-1.2.3.tgz`, "operator");
    assert.deepEqual((await get("below")).files, ["tailscale-operator-1.2.3.tgz"]);
  });

  it("are pulled by Helm from a registry that answers", async () => {
    answers.clear();
    answers.set("https://registry-1.docker.io/v2/", "{}");
    const text =
      '#!/bin/sh\n[ "$*" = "pull oci://docker.io/envoyproxy/gateway-helm --version 1.2.3 --destination $6" ]\nmkdir -p "$6"\necho chart >"$6/gateway-helm-1.2.3.tgz"\n';
    await writeFile(join(directory, "helm"), text, { mode: 0o755 });
    assert.deepEqual((await get("pulled")).files, ["gateway-helm-1.2.3.tgz"]);
  });

  it("are refused when it does not", async () => {
    answers.clear();
    publish("0".repeat(64));
    const { files, said } = await get("bad");
    assert.deepEqual(files, []);
    assert.match(said, /SHA-256 is .*, the index says 0000/);
  });
});

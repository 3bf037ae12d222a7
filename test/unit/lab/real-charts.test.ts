import assert from "node:assert/strict";
import { mkdtemp, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { realCharts } from "../../../lab/real-charts.ts";

describe("real charts", () => {
  let directory: string;
  const answers = new Map<string, string>();
  const network = globalThis.fetch;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "homelab-charts-"));
    await mkdir(join(directory, "own", "cilium"), { recursive: true });
    await writeFile(
      join(directory, "own", "cilium", "Chart.yaml"),
      "name: cilium\nversion: 1.2.3\n",
    );
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
    await realCharts(join(directory, "own"), folder, (step) => said.push(step));
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

  it("are refused when it does not", async () => {
    publish("0".repeat(64));
    const { files, said } = await get("bad");
    assert.deepEqual(files, []);
    assert.match(said, /SHA-256 is .*, the index says 0000/);
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { ofHomesDomain } from "../stacks/clashing-sites.ts";
import { byFullKey, edited, fileValues, type Changes } from "../stacks/sample.ts";

const script = fileURLToPath(new URL("../../../scripts/check-sites.ts", import.meta.url));

describe("npm run check-sites", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "homelab-sites-"));
    for (const site of ["home", "sample"])
      await cp(new URL(`../../../Pulumi.${site}.yaml`, import.meta.url), file(site));
    await cabin({});
  });
  afterEach(() => rm(folder, { recursive: true }));

  const file = (site: string): string => join(folder, `Pulumi.${site}.yaml`);

  /** The cabin's file, after changes. */
  async function cabin(changes: Changes): Promise<void> {
    const values = Object.entries(byFullKey(edited(fileValues("cabin"), changes)));
    const config = Object.fromEntries(values.map(([key, one]) => [key, parse(one) as unknown]));
    await writeFile(file("cabin"), stringify({ config }));
  }

  async function checked(): Promise<{ code: number; said: string; told: string }> {
    const child = spawn(process.execPath, [script, "--folder", folder]);
    const exit = once(child, "exit") as Promise<[number]>;
    const [said, told, [code]] = await Promise.all([text(child.stderr), text(child.stdout), exit]);
    return { code, said, told };
  }

  it("finds nothing wrong between home and the cabin, and leaves the sample out", async () => {
    const { code, said, told } = await checked();
    assert.deepEqual([code, said], [0, ""]);
    assert.match(told, /^cabin, home: /);
  });

  it("ends with 1 and says what is wrong of each file and between them, all at once", async () => {
    await cabin({ ...ofHomesDomain, "network.pods": "10.43.0.0/16" });
    await writeFile(file("shed"), "encryptionsalt: v1:none\n");
    const { code, said } = await checked();
    assert.equal(code, 1);
    assert.match(said, /^Pulumi\.shed\.yaml has \d+ problems/m);
    assert.match(
      said,
      /Pulumi\.cabin\.yaml homelab:network\.pods and Pulumi\.home\.yaml homelab:network\.services: /,
    );
    assert.match(
      said,
      /Pulumi\.cabin\.yaml homelab:site\.domain and Pulumi\.home\.yaml homelab:site\.domain: /,
    );
  });
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { cached, cachedAll } from "../../toolchain/cache.ts";
import { download, publishedSum } from "../../toolchain/download.ts";
import { patchedModules } from "../../toolchain/patched.ts";
import { inRounds } from "../../toolchain/build.ts";
import { tools, type Tool } from "../../toolchain/pins.ts";

const sum = (text: string): string => createHash("sha256").update(text).digest("hex");

describe("published checksums", () => {
  it("are read from lists and from bare sums", () => {
    const wanted = sum("x");
    assert.equal(publishedSum(`${sum("y")}  other\n${wanted}  dir/tool.tgz\n`, "tool.tgz"), wanted);
    assert.equal(publishedSum(`${wanted}\n`, "tool.tgz"), wanted);
  });

  it("are missed aloud when a list does not name the file", () => {
    assert.throws(
      () => publishedSum(`${sum("y")}  a\n${sum("z")}  b\n`, "tool"),
      /no SHA-256 for tool/,
    );
  });
});

describe("the tool cache", () => {
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "homelab-cache-"));
    process.env["XDG_CACHE_HOME"] = home;
  });
  after(async () => {
    delete process.env["XDG_CACHE_HOME"];
    await rm(home, { recursive: true });
  });

  it("makes a thing once for two callers at once", async () => {
    let made = 0;
    const make = async (directory: string): Promise<void> => {
      made += 1;
      await writeFile(join(directory, "tool"), "x");
    };
    const [one, two] = await Promise.all([cached("t", "1", make), cached("t", "1", make)]);
    assert.equal(one, two);
    assert.equal(made, 1);
  });

  it("keeps nothing of a failed attempt, and tries again", async () => {
    await assert.rejects(
      cached("f", "1", () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    const path = await cached("f", "1", async (directory) =>
      writeFile(join(directory, "tool"), "x"),
    );
    assert.equal(await readFile(join(path, "tool"), "utf8"), "x");
  });

  it("keeps what was whole before an attempt failed, and makes only the rest", async () => {
    const entries = ["downloaded", "built"].map((name) => ({ name, key: "1" }));
    const attempt = cachedAll("group", entries, async ([first]) => {
      await first?.keep();
      throw new Error("broken");
    });
    await assert.rejects(attempt, /broken/);
    const made: string[] = [];
    await cachedAll("group", entries, async (slots) => {
      for (const { entry, keep } of slots) {
        made.push(entry.name);
        await keep();
      }
    });
    assert.deepEqual(made, ["built"]);
  });
});

describe("tools", () => {
  const all = Object.values<Tool>(tools);
  const repeated = (words: readonly string[]): string[] =>
    words.filter((word, index) => words.indexOf(word) !== index);

  it("are built side by side, but for those whose package has the last folder of another's path", () => {
    const rounds = inRounds(all.map((tool) => ({ tool, directory: "" })));
    const files = rounds.map((round) => round.map(({ tool }) => basename(tool.build.package)));
    for (const round of files) assert.deepEqual(repeated(round), []);
    assert.deepEqual(
      rounds.slice(1).map((round) => round.map(({ tool }) => tool.name)),
      [["plugin-barman-cloud"]],
    );
    assert.equal(files.flat().length, all.length);
  });

  it("give pods programs of different names", () => {
    const forPods = all.filter((tool) => tool.forPods);
    assert.deepEqual(repeated(forPods.flatMap(({ programs }) => programs)), []);
    assert.ok(forPods.some(({ programs }) => programs.includes("envoy-gateway")));
  });

  it("are downloaded only as a release that has a number", () => {
    for (const { name, version, downloads } of all)
      if (downloads !== undefined) assert.match(version, /^\d+\.\d+\.\d+/, name);
  });
});

describe("patches of modules", () => {
  it("fit the versions that the Go module locks", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "homelab-patch-"));
    try {
      const flags = await patchedModules(Object.values(tools), scratch);
      assert.deepEqual(flags, [`-modfile=${join(scratch, "go.mod")}`]);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });
});

describe("a download", () => {
  const files: Record<string, string> = {};
  const server = createServer((request, response) => {
    const body = files[request.url ?? ""];
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  });
  let base: string;
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "homelab-download-"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.close();
    await rm(directory, { recursive: true });
  });

  it("is kept when its published sum agrees", async () => {
    Object.assign(files, { "/tool": "program", "/tool.sha256": sum("program") });
    await download({ url: `${base}/tool`, checksums: `${base}/tool.sha256` }, directory);
    assert.equal(await readFile(join(directory, "tool"), "utf8"), "program");
  });

  it("is refused when it does not", async () => {
    Object.assign(files, { "/bad": "tampered", "/bad.sha256": sum("program") });
    await assert.rejects(
      download({ url: `${base}/bad`, checksums: `${base}/bad.sha256` }, directory),
      /SHA-256 is .* published is/,
    );
    assert.equal(existsSync(join(directory, "bad")), false);
  });
});

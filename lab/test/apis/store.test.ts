import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JsonStore } from "../../apis/store.ts";

interface State {
  names: string[];
  ages: Record<string, number>;
  motto: string;
}

const empty = (): State => ({ names: [], ages: {}, motto: "" });
const source = new URL("../../apis/store.ts", import.meta.url).href;

describe("A service's memory", () => {
  const folder = mkdtempSync(join(tmpdir(), "store-"));
  const file = join(folder, "deep/state.json");
  const open = (): JsonStore<State> => new JsonStore(file, empty());
  afterEach(() => rmSync(join(folder, "deep"), { recursive: true, force: true }));
  after(() => rmSync(folder, { recursive: true }));

  it("is there again, in a file that only its owner reads; what is new since then is empty", () => {
    open().change((state) => state.names.push("ada"));
    assert.deepEqual(open().state, { ...empty(), names: ["ada"] });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    writeFileSync(file, '{"motto":"old"}');
    assert.deepEqual(open().state, { ...empty(), motto: "old" });
  });

  it("lasts as long as the process without a file, and no store sees another's changes", () => {
    const store = new JsonStore<State>(undefined, empty());
    assert.equal(
      store.change(({ names }) => names.push("ada")),
      1,
    );
    assert.deepEqual(store.state.names, ["ada"]);
    assert.deepEqual(new JsonStore<State>(undefined, empty()).state.names, []);
  });

  it("tells listeners of changes, not of notes, until they have heard enough", () => {
    const store = new JsonStore<State>(undefined, empty());
    let heard = 0;
    const end = store.onChange(() => (heard += 1));
    store.change((state) => (state.motto = "one"));
    store.note((state) => (state.motto = "two"));
    end();
    store.change((state) => (state.motto = "three"));
    assert.equal(heard, 1);
  });

  it("is as before the change when a kill comes between writing and replacing", () => {
    open().change((state) => (state.motto = "before"));
    const script = `
      import fs from "node:fs";
      import { syncBuiltinESMExports } from "node:module";
      fs.renameSync = () => process.kill(process.pid, "SIGKILL");
      syncBuiltinESMExports();
      const { JsonStore } = await import(${JSON.stringify(source)});
      new JsonStore(${JSON.stringify(file)}, { motto: "" }).change((state) => (state.motto = "after"));`;
    const { signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    assert.equal(signal, "SIGKILL");
    assert.match(readFileSync(`${file}.new`, "utf8"), /after/);
    assert.equal(open().state.motto, "before");
    open().change((state) => (state.motto = "next"));
    assert.equal(open().state.motto, "next");
    assert.ok(!existsSync(`${file}.new`));
  });

  it("names a damaged file, what is wrong and what to do, without a word of what is in it", () => {
    open().change(() => undefined);
    for (const [text, wrong] of [
      ['{"motto": "canary', "not JSON"],
      ["", "not JSON"],
      ['["canary"]', "an object is expected, not array"],
      ['{"names": "canary"}', "names: array is expected, not string"],
      ['{"ages": null, "motto": "canary"}', "ages: object is expected, not null"],
    ] as const) {
      writeFileSync(file, text);
      assert.throws(open, (error: Error) => {
        assert.ok(error.message.startsWith(`${file}: damaged: ${wrong}; `), error.message);
        assert.match(error.message, /npm run lab -- reset/);
        return !error.message.includes("canary");
      });
      assert.equal(readFileSync(file, "utf8"), text);
    }
  });
});

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { verifiedDownloads } from "../../../policy/rules/verified-downloads.ts";
import { unverifiedDownloads } from "../../../policy/script-downloads.ts";
import { unknown, type SeenMap } from "../../../policy/seen.ts";
import { resource, said } from "./resource.ts";

const image = (more: SeenMap): string =>
  said(
    verifiedDownloads,
    resource("proxmoxve:download/file:File", { url: "https://example.net/a.qcow2", ...more }),
  );
const upload = (sourceFile: SeenMap): string =>
  said(verifiedDownloads, resource("proxmoxve:index/fileLegacy:FileLegacy", { sourceFile }));
const lines = (...text: string[]): readonly number[] =>
  unverifiedDownloads(text.join("\n")).map(({ line }) => line);

describe("policy: downloads are verified", () => {
  it("lets an image with its checksum through", () => {
    assert.equal(image({ checksum: "a".repeat(128), checksumAlgorithm: "sha512" }), "");
    assert.equal(image({ checksum: unknown, checksumAlgorithm: "sha512" }), "");
  });

  it("refuses no checksum, none that proves something, and one that is none", () => {
    assert.match(image({}), /checksum is missing/);
    assert.match(image({ checksum: "a".repeat(64) }), /checksumAlgorithm is missing/);
    assert.match(image({ checksum: "a".repeat(32), checksumAlgorithm: "md5" }), /is md5; use one/);
    assert.match(image({ checksum: "abc", checksumAlgorithm: "sha256" }), /64 hex digits/);
  });

  it("refuses an upload that is fetched unseen", () => {
    assert.match(upload({ path: "https://example.net/a.iso" }), /is no SHA-256/);
    assert.equal(upload({ path: "https://example.net/a.iso", checksum: "b".repeat(64) }), "");
    assert.equal(upload({ path: "./a.iso" }), "");
  });

  it("reads the scripts of commands", () => {
    const judge = (inputs: SeenMap): string =>
      said(verifiedDownloads, resource("command:remote:Command", inputs));
    assert.match(
      judge({ create: "curl -sfL https://get.rke2.io | sh -" }),
      /^create, line 1: .*program/,
    );
    assert.match(judge({ stdin: "A='1'\ncurl -o a https://example.net/a\n" }), /^stdin, line 2: /);
    assert.equal(judge({ create: "bash -s", stdin: unknown }), "");
  });
});

describe("policy: downloads of scripts", () => {
  it("finds a file that nothing compares, and one that is compared before it is there", () => {
    assert.deepEqual(lines("curl -fsSLo a https://x/a", "tar xf a"), [1]);
    assert.deepEqual(lines("sha256sum --check sums", "curl -O https://x/a"), [2]);
    assert.deepEqual(lines("wget https://x/a", "dpkg -i a"), [1]);
    assert.deepEqual(lines("curl -s https://x/a >/usr/local/bin/a"), [1]);
  });

  it("finds what is piped into a program", () => {
    assert.deepEqual(lines("set -e", "curl -s https://x/a | sudo bash"), [2]);
    assert.deepEqual(lines("wget -qO- https://x/a.tgz | tar -xz"), [1]);
  });

  it("is content with a comparison after it, also where a function downloads", () => {
    assert.deepEqual(lines("curl -o a https://x/a", 'sha512sum -c <<<"$sum  a"'), []);
    const fetch = ["fetch() {", '  curl -o "$2" \\', '    "https://x/$1"', "}"];
    const well = ["main() {", "  fetch a /tmp/a", "  sha256sum --check sums", "}", ...fetch];
    assert.deepEqual(lines(...well), []);
    const badly = ["main() {", "  fetch a /tmp/a", "  install /tmp/a /usr/bin", "}", ...fetch];
    assert.deepEqual(lines(...badly), [2]);
  });

  it("leaves questions to an API and looks at a server alone", () => {
    const asked = 'curl -sS -X "$1" -o "$work/body" "$API/$2"';
    assert.deepEqual(lines(asked, "curl -ksf -o /dev/null https://x", "curl -sSI https://x"), []);
    assert.deepEqual(lines("metrics=$(curl -fs http://127.0.0.1:2381/metrics) || exit 1"), []);
  });

  const scripts = globSync("components/**/*.sh");

  it("are all compared in the components", () => {
    assert.ok(scripts.length > 5, "no scripts were found; run the tests in the project's folder");
    for (const file of scripts)
      assert.deepEqual(unverifiedDownloads(readFileSync(file, "utf8")), [], file);
  });

  it("would be found in the components without their comparisons", () => {
    const downloading = scripts.filter((file) => {
      const without = readFileSync(file, "utf8").replaceAll(/.*sha256sum --check.*\n/g, "  true\n");
      return unverifiedDownloads(without).length > 0;
    });
    assert.deepEqual(downloading.sort(), [
      "components/definitions/scripts/apply.sh",
      "components/rke2/scripts/stage.sh",
      "components/tailnet/scripts/join.sh",
    ]);
  });
});

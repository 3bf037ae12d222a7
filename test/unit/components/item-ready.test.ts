import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { itemReadyScript } from "../../../components/secrets/one-password-item.ts";
import { machineRoot, runScript, type ScriptRun } from "./machine-script.ts";

/**
 * kubectl over an item and its Secret. Each touch is one look of the operator at what Connect has of the item, which is an
 * older one for the first looks.
 */
const kubectl = String.raw`#!/bin/bash
while [[ $1 == --* ]]; do if [[ $1 == --kubeconfig ]]; then shift; fi; shift; done
case "$*" in
  *" annotate onepassworditem guest-wifi --overwrite homelab/touched="*) echo touched >>ROOT/touches ;;
  *" annotate onepassworditem guest-wifi homelab/touched-") ;;
  *"get onepassworditem guest-wifi "*".status}") cat ROOT/ready ;;
  *"get onepassworditem guest-wifi "*".message}") printf 'no vaults found' ;;
  *"get secret guest-wifi "*"{.type}") printf Opaque ;;
  *"get secret guest-wifi "*item-path*) cat ROOT/held ;;
  *"get secret guest-wifi "*go-template*)
    printf 'ssid '
    if (($(wc -l <ROOT/touches) >= $(cat ROOT/behind))); then printf 'password '; fi
    ;;
  *"get pods "*) ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;

/** Time passes without anybody waiting for it. */
const clock = "sleep() { SECONDS=$((SECONDS + ${1%.*} + 1)); }\n";

describe("the wait for an item's Secret", () => {
  let root: string;
  const put = (name: string, text: string): void => {
    writeFileSync(join(root, name), text);
  };
  const touches = (): number =>
    readFileSync(join(root, "touches"), "utf8").split("\n").filter(Boolean).length;

  beforeEach(() => {
    root = machineRoot();
    mkdirSync(join(root, "run/lock"), { recursive: true });
    const tool = join(root, "usr/local/bin/kubectl");
    writeFileSync(tool, kubectl.replaceAll("ROOT", root), { mode: 0o755 });
    put("touches", "");
    put("ready", "True");
    put("held", "vaults/v/items/i");
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** Waits, where Connect has the new field from this look of the operator's on. */
  const wait = (behind: number): Promise<ScriptRun> => {
    put("behind", String(behind));
    return runScript(root, clock + itemReadyScript, {
      ...{ NAMESPACE: "household", ITEM: "guest-wifi", TYPE: "Opaque", FOUND: "vaults/v/items/i" },
      ...{ TITLE: 'item "Guest Wi-Fi" of vault "Homelab"', KEYS: "password ssid" },
    });
  };

  it("is over at once, and the operator is left alone, where all keys are there", async () => {
    const { code, stderr } = await wait(0);
    assert.equal(code, 0, stderr);
    assert.equal(touches(), 0);
  });

  it("has the operator look again, for Connect may still have the item from before", async () => {
    const { code, stderr } = await wait(6);
    assert.equal(code, 0, stderr);
    assert.equal(touches(), 6);
  });

  it("ends in one error that names vault, item and key", async () => {
    const { code, stderr } = await wait(1000);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^item "Guest Wi-Fi" of vault "Homelab": the Secret household\/guest-wifi has no key password: /,
    );
    assert.match(stderr, /it has ssid\n.*Connect is behind 1Password/);
    assert.ok(touches() > 10 && touches() < 30, String(touches()));
  });

  it("ends in the operator's own reason while it makes no Secret", async () => {
    put("ready", "False");
    const { code, stderr } = await wait(0);
    assert.equal(code, 1);
    assert.match(stderr, /^item "Guest Wi-Fi" of vault "Homelab": the operator made no Secret/);
    assert.match(stderr, /within 240 s: no vaults found/);
  });

  it("names the other item of the title that the operator has taken", async () => {
    put("held", "vaults/v/items/older");
    const { code, stderr } = await wait(0);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^item "Guest Wi-Fi" of vault "Homelab": the Secret .* another item of this title \(vaults\/v\/items\/older\)/,
    );
  });
});

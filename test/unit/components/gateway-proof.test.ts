import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { provenScript } from "../../../components/gateway/proof.ts";
import { machineRoot, runScript } from "./machine-script.ts";

/** kubectl that prints what stands in a file for the way to an object and what is asked of it. */
const kubectl = String.raw`#!/bin/bash
while [[ $1 == --* ]]; do if [[ $1 == --kubeconfig ]]; then shift; fi; shift; done
case "$*" in
  *.spec.parentRefs*) cat ROOT/parents ;;
  *.status.parents*) cat ROOT/said ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;

const accepted = (generation: number): readonly string[] =>
  ["Accepted", "ResolvedRefs"].map((type) => `${type}\tTrue\t${generation}\t${type}\tgood`);

describe("the proof of a route", () => {
  let root: string;

  beforeEach(() => {
    root = machineRoot();
    mkdirSync(join(root, "run/lock"), { recursive: true });
    const tool = join(root, "usr/local/bin/kubectl");
    writeFileSync(tool, kubectl.replaceAll("ROOT", root), { mode: 0o755 });
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** What a look says of a route whose listeners are these, when that is said of it. */
  async function look(parents: readonly string[], said: readonly string[]): Promise<string> {
    writeFileSync(join(root, "parents"), parents.map((line) => `${line}\n`).join(""));
    writeFileSync(join(root, "said"), said.map((line) => `${line}\n`).join(""));
    const once = provenScript.replace("patience=300", "patience=0");
    const parameters = { CLASS: "", OBJECTS: "tlsroute default control", SPECS: "" };
    const { code, stderr } = await runScript(root, once, parameters);
    assert.equal(code === 0, stderr === "", stderr);
    return stderr;
  }

  const stale = [
    "lan\tapi",
    "Accepted\tFalse\t1\tNoMatchingParent\tNo listeners match this parent ref",
    "ResolvedRefs\tTrue\t1\tResolvedRefs\tgood",
  ];

  it("heeds nothing of a listener that it named before", async () => {
    const said = ["2", ...stale, "lan\tcontrol", ...accepted(2)];
    assert.equal(await look(["lan\tcontrol"], said), "");
  });

  it("wants every listener that it names to have taken it", async () => {
    const one = ["1", "lan\thttps-home-arpa", ...accepted(1)];
    const said = await look(["lan\thttps-home-arpa", "lan\thttps-example-net"], one);
    assert.match(said, /control at Gateway lan, listener https-example-net: nobody has said/);
  });

  it("names the listener that has not, with the controller's reason", async () => {
    const said = await look(["lan\tapi"], ["1", ...stale]);
    assert.match(said, /listener api: Accepted is False, NoMatchingParent: No listeners match/);
  });

  it("takes a route at a gateway as a whole for what is said of that", async () => {
    assert.equal(await look(["lan\t"], ["1", "lan\t", ...accepted(1)]), "");
    assert.match(await look(["lan\t"], ["2", "lan\t", ...accepted(1)]), /not judged it yet/);
  });

  it("wants a route to be there, and to name a gateway", async () => {
    assert.match(await look([], []), /tlsroute default\/control names no gateway/);
  });
});

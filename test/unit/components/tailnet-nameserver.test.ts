import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tailnetScripts } from "../../../components/tailnet/scripts.ts";
import { machineRoot, runScript } from "./machine-script.ts";

describe("the proof of the tailnet's nameserver", () => {
  let root: string;
  beforeEach(() => {
    root = machineRoot();
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** @param status as the API gives it of both: observedGeneration, and the pods wanted, updated, all and available */
  const look = async (image: string, status: string) => {
    const kubectl = `#!/bin/bash
case "$*" in
  *"get deployment nameserver"*) printf '%s' '${image} 2' ;;
  *"get deployments"*) printf '%s\\n' 'operator|1|1|1|1|1|1' 'nameserver|4|${status}' ;;
  *"get pods -l app=nameserver") echo 'nameserver-5d 0/1 ImagePullBackOff' ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;
    writeFileSync(join(root, "usr/local/bin/kubectl"), kubectl, { mode: 0o755 });
    const once = tailnetScripts.nameserver.replace("wait_until 600", "wait_until 0");
    return runScript(root, once, { IMAGE: "tailscale/k8s-nameserver:v2", REPLICAS: "2" });
  };

  it("ends once its pods run with its image", async () => {
    const { code, stderr } = await look("tailscale/k8s-nameserver:v2", "4|2|2|2|2");
    assert.equal(code, 0, stderr);
  });

  it("does not take what runs for what is wanted: another image, or one that nobody can pull", async () => {
    assert.notEqual((await look("tailscale/k8s-nameserver:v1", "4|2|2|2|2")).code, 0);
    const { code, stderr } = await look("tailscale/k8s-nameserver:v2", "4|2|2|2|0");
    assert.notEqual(code, 0);
    assert.match(stderr, /does not run with tailscale\/k8s-nameserver:v2/);
    assert.match(stderr, /ImagePullBackOff/);
  });
});

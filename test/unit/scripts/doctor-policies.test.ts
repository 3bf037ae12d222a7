import assert from "node:assert/strict";
import { judgePolicies } from "../../../stacks/parts/policies/doctor.ts";

const policy = (name: string, status?: string, message = "") => ({
  metadata: { name },
  ...(status === undefined ? {} : { status: { conditions: [{ type: "Valid", status, message }] } }),
});

describe("the doctor at network policies", () => {
  it("counts those that Cilium found valid", () => {
    const all = [policy("homelab-typeo", "True"), policy("of-a-chart", "True")];
    const [finding] = judgePolicies("home", ["homelab-typeo"], all);
    assert.deepEqual([finding?.severity, finding?.text], ["ok", "2 are valid"]);
  });

  it("names one that is missing, one that is invalid with Cilium's words, and one that nobody judged", () => {
    const found = judgePolicies(
      "home",
      ["homelab-typeo"],
      [policy("a", "False", "unsupported entity"), policy("b")],
    );
    assert.deepEqual(
      found.map(({ severity, text }) => `${severity} ${text}`),
      [
        "error homelab-typeo is not in the cluster, so its pods talk to everybody",
        "error Cilium enforces nothing of a: unsupported entity",
        "error Cilium enforces nothing of b: its operator has not judged it",
      ],
    );
    // Without a look at what really exists the engine believes its state, which has the policy.
    assert.equal(found[0]?.remedy, "npm run up -- --stack home --refresh");
  });
});

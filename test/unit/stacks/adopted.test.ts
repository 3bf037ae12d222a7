import assert from "node:assert/strict";
import { policySha256 } from "../../../components/tailnet/policy-guard.ts";
import { adoptedPolicy } from "../../../stacks/parts/tailnet/adopted.ts";
import { problemsAfter } from "./sample.ts";

const text = `// the family's own
{
  "Groups": {"group:admins": ["admin@example.net"], "group:family": ["kid@github", "family@example.net"]},
  "tagOwners": {"tag:k8s": ["tag:k8s-operator"], "tag:k8s-operator": [], "tag:home-node": ["autogroup:admin"]},
  "hosts": {"nas": "192.168.7.2"},
  "nodeAttrs": [{"target": ["autogroup:member"], "attr": ["funnel"]}],
  "autoApprovers": {
    "routes": {"192.168.7.0/24": ["tag:k8s"], "192.168.1.0/24": ["tag:home-connector"]},
    "exitNode": ["tag:home-connector", "tag:nas"], "services": {"svc:web": ["tag:k8s"]},
  },
  "acls": [{"action": "accept", "src": ["group:family"], "dst": ["nas:443"]},],
  "randomizeClientPort": true,
  "derpMap": {},
}`;

describe("a policy in force in the site file's form", () => {
  const { people, policy, remarks } = adoptedPolicy({ text, isDefault: false }, ["home", "cabin"]);

  it("is taken by the site, whole", () => {
    const edit = { people: { ...people, mail: ["family@example.net"] }, "tailnet.policy": policy };
    assert.deepEqual(problemsAfter({ ...edit, "edge.access.family.people": ["mail"] }), []);
    assert.deepEqual(people, {
      admins: ["admin@example.net"],
      family: ["kid@github", "family@example.net"],
    });
    assert.deepEqual(policy["hosts"], { nas: "192.168.7.2" });
    assert.equal(policy["randomizeClientPort"], true);
  });

  it("leaves out what the program makes, and confirms that very policy", () => {
    assert.deepEqual(Object.keys(policy["tagOwners"] as object), ["tag:k8s", "tag:k8s-operator"]);
    assert.deepEqual(policy["autoApprovers"], {
      routes: { "192.168.7.0/24": ["tag:k8s"] },
      exitNode: ["tag:nas"],
      services: { "svc:web": ["tag:k8s"] },
    });
    assert.equal(policy["adopt"], policySha256(text));
    assert.equal(adoptedPolicy({ text: "{}", isDefault: true }, []).policy["adopt"], "default");
  });

  it("says what has no place there, and what is missing", () => {
    assert.match(remarks[0] ?? "", /^derpMap has no place/);
    const other = adoptedPolicy({ text: '{"groups": {"group:A_b": []}}', isDefault: false }, []);
    assert.match(other.remarks.join("\n"), /group:A_b needs a name.*\n.*people\.admins is missing/);
  });
});

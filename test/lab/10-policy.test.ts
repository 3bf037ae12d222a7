import assert from "node:assert/strict";
import { refused, run } from "./command.ts";
import { changeConfig, nothingToChange, setConfig, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { tailscale } from "./world.ts";

const acl = "tailnet/-/acl";

describe("a policy that was edited elsewhere", () => {
  given(siteIsUp);

  const edited = "// edited in the admin console\n";
  let admin: string;

  it("is not overwritten by a change of this site's own", async () => {
    const policy = await tailscale("GET", acl);
    await tailscale("POST", acl, `${edited}${policy}`);
    const inForce = await tailscale("GET", acl);
    const persons = ["second-admin@example.net", "third-admin@example.net"] as const;
    admin = await changeConfig("homelab:people.admins[1]", persons);
    const said = await refused`node scripts/up.ts --stack home`;
    assert.match(said, /edited in the admin console/);
    assert.match(said, /--refresh/);
    assert.equal(await tailscale("GET", acl), inForce);
  });

  it("is replaced when somebody has looked and says so", async () => {
    await up("home", "--refresh");
    const policy = await tailscale("GET", acl);
    assert.ok(policy.includes(admin) && !policy.includes(edited));
  });

  it("is refused when its own tests do not hold, and the one in force stays", async () => {
    const policy = await tailscale("GET", acl);
    await setConfig("homelab:tailnet.policy.tests[0].src", "family@example.net");
    await setConfig("homelab:tailnet.policy.tests[0].accept[0]", "tag:home-node:22");
    assert.match(await refused`node scripts/up.ts --stack home`, /family@example\.net/);
    assert.equal(await tailscale("GET", acl), policy);
    await run`pulumi config rm --stack home --path homelab:tailnet.policy.tests`;
    await nothingToChange("home");
  });
});

/**
 * `npm run tailnet -- adopt --stack home`: the tailnet's policy in force in the site file's form, to be put there before the
 * first `up` of the stack that is to own it. Changes nothing.
 */
import { Argument } from "commander";
import { stringify } from "yaml";
import { apiOf } from "../stacks/parts/tailnet/doctor.ts";
import { adoptedPolicy } from "../stacks/parts/tailnet/adopted.ts";
import { knownSecrets } from "../stacks/parts/secrets/doctor.ts";
import { main, say, selectStack, stackCommand } from "./site-stack.ts";
import { soundSite } from "./sound-site.ts";

const command = stackCommand("tailnet", "show the tailnet's policy in the site file's form")
  .addArgument(new Argument("<action>", "what to do").choices(["adopt"]))
  .parse();
const { stack: name } = command.opts<{ stack: string }>();

await main(async () => {
  const site = await soundSite(await selectStack(name), name);
  const { tailnet } = site.config;
  if (tailnet === undefined) throw new Error(`Pulumi.${name}.yaml has no homelab:tailnet`);
  const { known } = await knownSecrets(site);
  const api = apiOf({ config: site.config, known });
  if (api === undefined)
    throw new Error("homelab:tailnet.oauth cannot be read; npm run doctor says why");
  const sites = [name, ...Object.keys(tailnet.policy?.sites ?? {})];
  const { people, policy, remarks } = adoptedPolicy(await api.policy(), sites);
  process.stdout.write(
    stringify({ config: { "homelab:people": people, "homelab:tailnet": { policy } } }),
  );
  for (const remark of remarks) say(remark);
});

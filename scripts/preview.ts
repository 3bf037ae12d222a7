/**
 * `npm run preview -- --stack home`: what `up` would do. The engine compares with its state and passes in
 * silence when an API is dead, so this says whether it could look: exit status 1 when it could not. The rules of policy/
 * are kept too; what breaks one fails it.
 */
import { policyPacks } from "./policy-pack.ts";
import { tellHalfChanged } from "./repair/half-changed.ts";
import { deletedTunnel } from "./repair/tunnel.ts";
import { assertLoginLasts, unreachableApis } from "./reachability.ts";
import { main, say, selectStack, stackCommand } from "./site-stack.ts";
import { readState } from "./state.ts";

const command = stackCommand("preview", "show what up would change")
  .option("--refresh", "look at what really exists first")
  .option("--expect-no-changes", "fail when anything would change")
  .option("--diff", "show each property that would change")
  .option("--existing", "fail when the backend has no such stack, instead of making one")
  .parse();
const options = command.opts<{
  stack: string;
  refresh?: boolean;
  expectNoChanges?: boolean;
  diff?: boolean;
  existing?: boolean;
}>();

await main(async () => {
  const stack = await selectStack(options.stack, { existing: options.existing === true });
  if (options.refresh === true) await assertLoginLasts(stack);
  await stack.preview({
    refresh: options.refresh === true,
    expectNoChanges: options.expectNoChanges === true,
    diff: options.diff === true,
    policyPacks,
    onOutput: (text) => process.stdout.write(text),
  });
  if (options.refresh === true && (await deletedTunnel(stack)) !== undefined) {
    say("the tunnel was deleted at Cloudflare; npm run up -- --refresh makes another one");
    process.exitCode = 1;
  }
  const state = await readState(stack);
  if (options.refresh !== true) tellHalfChanged(state, say);
  const blind = await unreachableApis(state);
  for (const { api, reason } of blind) {
    say(
      `could not look at ${api}: ${reason}. What stands above for it is only the last known state.`,
    );
  }
  if (blind.length > 0) process.exitCode = 1;
});

/**
 * `npm run up -- --stack home`: brings the site to what its config says, after repairing what a kill left. Goes on by
 * itself where an API failed for a while and a plain repetition is safe. What breaks a rule of policy/ is refused before
 * anything is changed.
 */
import { judgeFirst, policyPacks } from "./policy-pack.ts";
import { assertLoginLasts } from "./reachability.ts";
import { lookAtHalfChanged } from "./repair/half-changed.ts";
import { settleLost } from "./repair/lost.ts";
import { forgetDeletedTunnel } from "./repair/tunnel.ts";
import { clusterRemedy, lostAnswers } from "./retry/cluster.ts";
import { withRetry } from "./retry/retry.ts";
import { tailscaleRemedy } from "./retry/tailscale.ts";
import { main, say, selectStack, stackCommand, withRepair } from "./site-stack.ts";

const command = stackCommand("up", "bring a site to what its config says")
  .option("--refresh", "look at what really exists first")
  .parse();
const { stack: name, refresh = false } = command.opts<{ stack: string; refresh?: boolean }>();

await main(async () => {
  const stack = await selectStack(name);
  if (refresh) await assertLoginLasts(stack);
  const onOutput = (text: string): boolean => process.stdout.write(text);
  const lookAgain = async (urn: string): Promise<void> => {
    await stack.refresh({ target: [urn], suppressOutputs: true });
  };
  const began = Date.now();
  const lost = lostAnswers();
  let judged = false;
  const result = await withRepair(stack, async (found) => {
    if (refresh) await forgetDeletedTunnel(stack, say);
    await lookAtHalfChanged(stack, found, say);
    return withRetry(
      async (onEvent) => {
        if (!judged) await judgeFirst(stack, { refresh, onEvent }, onOutput);
        judged = true;
        return stack.up({ refresh, policyPacks, onOutput, onEvent });
      },
      [tailscaleRemedy, clusterRemedy(lost, lookAgain)],
      say,
      {
        settle: async (failures) => {
          const cutOff = failures.filter((failure) => lost(failure) !== undefined);
          await settleLost(stack, cutOff, began, say);
        },
      },
    );
  });
  const changes = Object.entries(result.summary.resourceChanges ?? {})
    .filter(([kind]) => kind !== "same")
    .map(([kind, count]) => `${count} ${kind}`);
  say(`${name}: ${changes.length === 0 ? "nothing to change" : changes.join(", ")}`);
});

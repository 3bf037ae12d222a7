/** `npm run up -- --stack home`: brings the site to what its config says, after repairing what a kill left. */
import { main, say, selectStack, stackCommand, withRepair } from "./site-stack.ts";

const command = stackCommand("up", "bring a site to what its config says")
  .option("--refresh", "look at what really exists first")
  .parse();
const { stack: name, refresh } = command.opts<{ stack: string; refresh?: boolean }>();

await main(async () => {
  const stack = await selectStack(name);
  const result = await withRepair(stack, () =>
    stack.up({ refresh: refresh === true, onOutput: (text) => process.stdout.write(text) }),
  );
  const changes = Object.entries(result.summary.resourceChanges ?? {})
    .filter(([kind]) => kind !== "same")
    .map(([kind, count]) => `${count} ${kind}`);
  say(`${name}: ${changes.length === 0 ? "nothing to change" : changes.join(", ")}`);
});

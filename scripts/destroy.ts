/**
 * `npm run destroy -- --stack home`: takes the whole site away, then looks at what is left of it at the services outside;
 * exit status 1 when something is. Asks first; `--yes` is the answer where there is no terminal.
 */
import { consent } from "./consent.ts";
import { leftovers } from "./departure/leftovers.ts";
import { readOutside, type Outside } from "./departure/outside.ts";
import { bury, leaveFromHere, takeAway } from "./departure/take-away.ts";
import { main, say, selectStack, stackCommand, withRepair } from "./site-stack.ts";
import { readState } from "./state.ts";

const command = stackCommand("destroy", "remove every machine and resource of a site")
  .option("-y, --yes", "do not ask")
  .parse();
const { stack: name, yes } = command.opts<{ stack: string; yes?: boolean }>();

/** Names everything that is left outside; throws when that is more than nothing, or cannot be seen. */
async function lookOutside(outside: Outside): Promise<void> {
  const asked = [
    ...(outside.cloudflare === undefined ? [] : ["Cloudflare"]),
    ...(outside.tailnet === undefined ? [] : ["Tailscale"]),
  ];
  if (outside.unseen.length > 0) {
    say(
      `the state holds no login of ${outside.unseen.join(" and ")}, so nothing was looked for there`,
    );
  }
  if (asked.length === 0) return;
  const left = await leftovers(name, outside);
  for (const { kind, name: title, id } of left) say(`left over: ${kind} ${title} (${id})`);
  if (left.length > 0) {
    throw new Error(
      `${name} is destroyed, but ${left.length} object(s) of it are left; remove them by hand, or with npm run doctor's advice`,
    );
  }
  say(`${name}: nothing is left at ${asked.join(" and ")}`);
}

await main(async () => {
  await consent({
    about: `This deletes all machines of ${name} with their disks.`,
    word: name,
    yes: yes === true,
    otherwise: "nothing was destroyed",
  });
  const stack = await selectStack(name);
  const outside = await readOutside(stack, await readState(stack));
  let fromHere = false;
  await withRepair(
    stack,
    async () => {
      try {
        await takeAway(stack, outside, say);
      } finally {
        if (fromHere) await leaveFromHere(stack, outside, name, say);
      }
    },
    async () => {
      fromHere = (await bury(stack, outside, say)) || fromHere;
    },
  );
  say(`${name}: destroyed`);
  await lookOutside(outside);
});

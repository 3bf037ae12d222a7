/** `npm run destroy -- --stack home`: takes the whole site away. Asks first unless `--yes` or no terminal. */
import { createInterface } from "node:readline/promises";
import { main, say, selectStack, stackCommand, withRepair } from "./site-stack.ts";

const command = stackCommand("destroy", "remove every machine and resource of a site")
  .option("-y, --yes", "do not ask")
  .parse();
const { stack: name, yes } = command.opts<{ stack: string; yes?: boolean }>();

async function confirmed(): Promise<boolean> {
  if (yes === true || !process.stdin.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `This deletes all machines of ${name} with their disks. Type the stack's name to go on: `,
    );
    return answer.trim() === name;
  } finally {
    terminal.close();
  }
}

await main(async () => {
  if (!(await confirmed())) throw new Error("nothing was destroyed");
  const stack = await selectStack(name);
  await withRepair(stack, () => stack.destroy({ onOutput: (text) => process.stdout.write(text) }));
  say(`${name}: destroyed`);
});

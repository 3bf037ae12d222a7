import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runAsVisitor } from "../../lab/shell/inside.ts";
import { paths, run } from "./command.ts";
import { asProgram, serviceToken, shown } from "./passes.ts";
import { eventually, setConfigs, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { visit } from "./world.ts";

const name = "typeo.example.net";
const app = "homelab:apps.typeo";

/** One answer to a stranger: curl's exit code, the status, and whether the application's page came along. */
interface Answer {
  readonly code: number;
  readonly status: number;
  readonly open: boolean;
}

/** What somebody on the internet without a login gets of the name, asked every 50 ms for as long as the work takes. */
async function strangerDuring(work: () => Promise<unknown>): Promise<readonly Answer[]> {
  const file = join(paths.run, "stranger.curl");
  const lines = [`url = "https://${name}/"`, `cacert = "${paths.ca}/bundle.pem"`, "max-time = 5"];
  await writeFile(file, [...lines, 'write-out = "\\n%{http_code}"', "silent", ""].join("\n"));
  const loop = [
    `while [ -e ${file} ]; do`,
    `page=$(curl -K ${file}); code=$?`,
    `case "$page" in *'id="pod"'*) open=yes ;; *) open=no ;; esac`,
    `echo "$code $(tail -n 1 <<< "$page") $open"`,
    "sleep 0.05; done",
  ].join("\n");
  const asked = runAsVisitor(["bash", "-c", loop], { stdio: "capture" });
  try {
    await work();
  } finally {
    // Without it nobody asks any more, whatever became of the work.
    await rm(file);
  }
  const { stdout } = await asked;
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [code = "", status = "", open = ""] = line.split(" ");
      return { code: Number(code), status: Number(status), open: open === "yes" };
    });
}

/** Fails where a single answer let the stranger in. */
function expectShut(answers: readonly Answer[]): void {
  // Fewer would not have been there all the time.
  assert.ok(answers.length > 40, `${answers.length} answers`);
  const entered = answers.filter(({ status, open }) => open || (status >= 200 && status < 300));
  assert.deepEqual(entered, [], `of ${answers.length} answers`);
  const kinds = Map.groupBy(answers, ({ code, status }) => (code === 0 ? status : `curl ${code}`));
  const counted = [...kinds].map(([kind, all]) => `${kind}: ${all.length}`).join(", ");
  console.info(`      what the stranger got: ${counted}`);
}

/** The LAN stands for the tailnet: the lab gives the tailnet's gateway no device. */
describe("a name that moves between the internet and home", () => {
  given(siteIsUp);

  it("lets no stranger in while it goes home, and is gone from the internet then", async () => {
    for (const key of ["hostname", "access"])
      await run`pulumi config rm --stack home --path ${`${app}.${key}`}`;
    await setConfigs({ [`${app}.expose[0].host`]: name, [`${app}.expose[0].to`]: "lan" });
    const answers = await strangerDuring(() => up("home"));
    expectShut(answers);
    assert.ok(
      answers.some(({ status }) => status === 302),
      "the stranger was never at Access' door",
    );
    const last = answers.at(-1);
    assert.ok(last !== undefined && last.status !== 302, JSON.stringify(last));
  });

  it("answers there meanwhile", async () => {
    await eventually(30, async () => {
      const page = await run`curl -sS -m 10 https://${name}/`;
      assert.match(page, /id="pod"/);
    });
  });

  it("lets no stranger in while it comes back, and only those with a login then", async () => {
    await run`pulumi config rm --stack home --path ${`${app}.expose`}`;
    await setConfigs({ [`${app}.hostname`]: name, [`${app}.access[0]`]: "family" });
    const answers = await strangerDuring(() => up("home"));
    expectShut(answers);
    await eventually(60, async () => {
      const door = await visit(`https://${name}/`);
      assert.equal(door.status, 302);
      const page = await visit(`https://${name}/`, asProgram(await serviceToken()));
      assert.equal(shown(page, "host"), name);
    });
  });
});

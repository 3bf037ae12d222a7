import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runAsVisitor } from "../../lab/shell/inside.ts";
import { attempt, kubectl, paths, run } from "./command.ts";
import { asProgram, serviceToken, shown } from "./passes.ts";
import { eventually, setConfigs, up } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { trustFile } from "./trust.ts";
import { asDevice, devices, logIn, tailscale, visit } from "./world.ts";

const name = "typeo.example.net";
/** The same application's for devices of the tailnet, whose names lie in the site's domain. */
const inTailnet = "typeo.home.arpa";
const app = "homelab:apps.typeo";
const internal = "homelab:gateway.internal";
/** The tailnet's gateway there. */
const device = "home-gateway";

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

/** What a device of the tailnet hears of the application's name there, through the pod that is the gateway's device. */
async function askedBy(
  from: string,
  trusted: string,
): Promise<{ readonly code: number; readonly stdout: string }> {
  const of = "tailscale.com/parent-resource-type=svc";
  const { items } = await kubectl<{
    items: [{ status: { podIP: string } }];
  }>`--context home get pods -n tailscale -l ${of}`;
  const [address] = (await devices()).find(({ hostname }) => hostname === device)?.addresses ?? [];
  const who = [...asDevice(from, items[0].status.podIP), "--cacert", trusted];
  const at = `${inTailnet}:443:${address}:443`;
  const { code, stdout } =
    await attempt`curl -sS -m 5 ${who} --connect-to ${at} https://${inTailnet}/`;
  return { code, stdout };
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

describe("a name that moves between the internet and home", () => {
  given(siteIsUp);

  it("lets no stranger in while it goes home, and is gone from the internet then", async () => {
    for (const key of ["hostname", "access"])
      await run`pulumi config rm --stack home --path ${`${app}.${key}`}`;
    await setConfigs({
      ...{ [`${app}.expose[0].host`]: name, [`${app}.expose[0].to`]: "lan" },
      ...{ [`${app}.expose[1].host`]: inTailnet, [`${app}.expose[1].to`]: "tailnet" },
      [`${internal}.enabled`]: true,
    });
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

  it("answers devices of the tailnet at a device of its own, whom a grant lets in and nobody else", async () => {
    const trusted = await trustFile();
    const [laptop, phone] = [
      await logIn("admin@example.net", "laptop"),
      await logIn("family@example.net", "phone"),
    ];
    try {
      await eventually(30, async () => {
        const { code, stdout } = await askedBy(laptop, trusted);
        assert.equal(code, 0);
        assert.match(stdout, /id="pod"/);
      });
      assert.deepEqual(await askedBy(phone, trusted), { code: 28, stdout: "" });
    } finally {
      for (const id of [laptop, phone]) await tailscale("DELETE", `device/${id}`);
    }
  });

  it("lets no stranger in while it comes back, and only those with a login then", async () => {
    await run`pulumi config rm --stack home --path ${`${app}.expose`}`;
    await run`pulumi config rm --stack home --path ${internal}`;
    await setConfigs({ [`${app}.hostname`]: name, [`${app}.access[0]`]: "family" });
    const answers = await strangerDuring(() => up("home"));
    expectShut(answers);
    await eventually(60, async () => {
      const door = await visit(`https://${name}/`);
      assert.equal(door.status, 302);
      const page = await visit(`https://${name}/`, asProgram(await serviceToken()));
      assert.equal(shown(page, "host"), name);
    });
    assert.ok(!(await devices()).some(({ hostname }) => hostname === device), "the device is left");
  });
});

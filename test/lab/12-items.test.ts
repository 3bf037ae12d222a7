import assert from "node:assert/strict";
import { kubernetes } from "./cluster.ts";
import { doctor, named } from "./doctor.ts";
import { kubectl, refused, run } from "./command.ts";
import { proxies, readersOf, readingPods, type ReadingPod } from "./readers.ts";
import { eventually, nothingToChange } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { connect } from "./world.ts";

/** As home's site file has it. */
const namespace = "household";
const name = "guest-wifi";
const item = { vault: "Homelab", title: "Guest Wi-Fi" };

interface Item {
  readonly id: string;
  readonly vault: { readonly id: string };
  readonly version: number;
  readonly fields: readonly { readonly label: string; readonly value?: string }[];
}

async function lookUp(): Promise<Item> {
  const byTitle = async (path: string, title: string): Promise<{ id: string }> => {
    const query = encodeURIComponent(`title eq "${title}"`);
    const [found] = await connect<{ id: string }[]>("GET", `${path}?filter=${query}`);
    assert.ok(found, `there is no ${title}`);
    return found;
  };
  const { id: vault } = await byTitle("vaults", item.vault);
  const { id } = await byTitle(`vaults/${vault}/items`, item.title);
  return connect("GET", `vaults/${vault}/items/${id}`);
}

const pathOf = ({ id, vault }: Item): string => `vaults/${vault.id}/items/${id}`;

const valueOf = ({ fields }: Item, label: string): string | undefined =>
  fields.find((field) => field.label === label)?.value;

/** Gives the item another password, as somebody does in 1Password. */
async function setPassword(value: string): Promise<void> {
  const before = await lookUp();
  const fields = before.fields.map((field) =>
    field.label === "password" ? { ...field, value } : field,
  );
  await connect("PUT", pathOf(before), { ...before, fields });
}

/** Has the operator look at once. */
const touch = async (mark: string): Promise<string> =>
  run`kubectl --context home -n ${namespace} annotate onepassworditem ${name} --overwrite touched=${mark}`;

/** The Secret's keys with their values. */
async function secret(): Promise<Readonly<Record<string, string>>> {
  const { data } = await kubectl<{
    data: Record<string, string>;
  }>`--context home -n ${namespace} get secret ${name}`;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
  );
}

/** Every reader has one pod, with this value. */
async function expectEveryReaderHas(
  value: string,
): Promise<ReadonlyMap<string, readonly ReadingPod[]>> {
  const pods = await readingPods(namespace, "password");
  for (const [reader, found] of pods)
    assert.deepEqual(
      found.map((pod) => pod.value),
      [value],
      reader,
    );
  return pods;
}

describe("an item of 1Password in the cluster", () => {
  given(siteIsUp);

  let password = "";
  before(async () => {
    password = valueOf(await lookUp(), "password") ?? "";
    assert.notEqual(password, "");
  });
  after(async () => {
    if (password !== "") await setPassword(password);
  });

  it("is a Secret with the item's values", async () => {
    const ssid = valueOf(await lookUp(), "ssid");
    assert.deepEqual(await secret(), { ssid, password });
  });

  it("reaches a Deployment, a StatefulSet and pods that another operator makes, when it has changed", async () => {
    const readers = readersOf(namespace, name, "password", pathOf(await lookUp()));
    await kubernetes("apply", readers);
    let old: ReadonlyMap<string, readonly ReadingPod[]> = new Map();
    await eventually(120, async () => {
      old = await expectEveryReaderHas(password);
    });
    const changed = "correct-horse-battery-staple";
    await setPassword(changed);
    // The operator looks once a minute.
    await eventually(150, async () => {
      const now = await expectEveryReaderHas(changed);
      for (const [reader, pods] of now)
        assert.notEqual(pods[0]?.uid, old.get(reader)?.[0]?.uid, reader);
    });
    // Whoever made the pods leaves the restart as it is.
    const { items } = await kubectl<{
      items: readonly { readonly metadata: { readonly generation: number } }[];
    }>`--context home -n ${proxies} get deployments -l gateway.envoyproxy.io/owning-gateway-name=readers`;
    assert.deepEqual(
      items.map(({ metadata }) => metadata.generation),
      [2],
    );
    // The item beside the proxies takes its Secret with it.
    await kubernetes("delete", readers);
    await run`kubectl --context home -n ${proxies} wait --for=delete secret/${name} --timeout=60s`;
  });

  it("is refused before anything is changed while the operator would leave a key out in silence", async () => {
    const before = await resources();
    await setPassword("");
    const said = await refused`node scripts/up.ts --stack home`;
    assert.match(said, /homelab:onePassword\.operator\.items\[0\]\.keys\[1\]/);
    assert.match(said, /item "Guest Wi-Fi" of vault "Homelab": field "password" is empty/);
    assert.deepEqual(await resources(), before);
  });

  it("that lacks a key is what the doctor finds, though the operator calls it Ready", async () => {
    await touch("empty");
    await eventually(60, async () => {
      assert.deepEqual(Object.keys(await secret()), ["ssid"]);
    });
    const { remedy } = named(await doctor(), `item ${namespace}/${name}`, /lacks password/);
    assert.match(remedy, /1Password/);
  });

  it("leaves nothing to change once it is filled in again", async () => {
    await setPassword(password);
    await touch("filled");
    await eventually(60, async () => {
      assert.equal((await secret())["password"], password);
    });
    await run`kubectl --context home -n ${namespace} annotate onepassworditem ${name} touched-`;
    await nothingToChange("home");
  });
});

/** What home's state holds. */
async function resources(): Promise<unknown> {
  const { deployment } = JSON.parse(await run`pulumi stack export --stack home`) as {
    deployment: { resources: unknown };
  };
  return deployment.resources;
}

import assert from "node:assert/strict";
import { attempt, kubectl, run } from "./command.ts";
import { expectNoError } from "./doctor.ts";
import { expectNoSilence, watchedUp } from "./probes.ts";
import { eventually, nothingToChange, setConfigs, up } from "./site.ts";
import { given, siteIsUp, stepByStep } from "./states.ts";
import { cloneTrees, pushTrees, treeRepository } from "./tree-repository.ts";

const key = "homelab:argocd";
const typeo = "homelab:apps.typeo";

/** What a person writes to have Argo CD. */
const argocd = {
  [`${key}.hostname`]: "argocd.home.arpa",
  [`${key}.signOn.issuer`]: "https://id.example.org",
  [`${key}.signOn.clientId`]: "argocd",
  [`${key}.signOn.clientSecret`]: "op://Homelab/Argo CD/client-secret",
  [`${key}.signOn.admins.people[0]`]: "admins",
  [`${key}.repositories.trees.url`]: treeRepository,
  [`${key}.repositories.trees.password`]: "op://Homelab/Git/token",
  [`${key}.gitops.repository`]: "trees",
  "homelab:gateway.routes.argocd.hostnames[0]": "argocd.home.arpa",
  "homelab:gateway.routes.argocd.namespace": "argocd",
  "homelab:gateway.routes.argocd.service": "argocd-server",
  "homelab:gateway.routes.argocd.port": 80,
};

interface Listed {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager: string; readonly subresource?: string }[];
  };
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
}

/** Everything that changes hands. */
const handed = async (): Promise<readonly Listed[]> => {
  const lists = [
    kubectl<{
      items: Listed[];
    }>`--context home get deployments,poddisruptionbudgets -n typeo --show-managed-fields`,
    kubectl<{
      items: Listed[];
    }>`--context home get deployments,serviceaccounts,roles,rolebindings -n reloader -l app.kubernetes.io/managed-by=Helm --show-managed-fields`,
  ];
  return (await Promise.all(lists)).flatMap(({ items }) => items);
};

/** Its objects, and the pods that run meanwhile: which they are, and how often each has started anew. */
async function identities(): Promise<readonly string[]> {
  const pods = await Promise.all(
    ["typeo", "reloader"].map(
      async (namespace) =>
        (await kubectl<{ items: Listed[] }>`--context home get pods -n ${namespace}`).items,
    ),
  );
  const stay = pods.flat().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return [...(await handed()), ...stay]
    .map(({ kind, metadata: { namespace, name, uid }, status }) => {
      const starts = status?.containerStatuses?.map(({ restartCount }) => restartCount);
      return [kind, `${namespace}/${name}`, uid, ...(starts ?? [])].join(" ");
    })
    .sort();
}

/** Brings home up, with a visitor at the door, who may not find it shut. */
async function quietUp(): Promise<void> {
  expectNoSilence(await watchedUp());
}

const records = (): Promise<string> =>
  run`kubectl --context home get secrets -n reloader -l owner=helm -o name`;

/** What an Application says: its status, its health, and the commit. */
const said = (name: string): Promise<string> =>
  run`kubectl --context home get application.argoproj.io ${name} -n argocd -o ${"jsonpath={.status.sync.status} {.status.health.status} {.status.sync.revision}"}`;

const marks = async (): Promise<readonly string[]> =>
  (await handed()).map(
    ({ metadata: { annotations } }) => annotations?.["argocd.argoproj.io/tracking-id"] ?? "",
  );

describe("Argo CD, from a repository", () => {
  given(siteIsUp);
  stepByStep();

  let before: readonly string[];

  after(async () => {
    for (const path of [key, "homelab:gateway.routes.argocd", `${typeo}.gitops`])
      await attempt`pulumi config rm --stack home --path ${path}`;
    await attempt`pulumi config rm --stack home --path homelab:reloader`;
  });

  it("comes up, and reads its repository with the login from 1Password", async () => {
    await cloneTrees();
    await setConfigs(argocd);
    // What has secrets cannot be handed over, for a repository holds none.
    await run`pulumi config rm --stack home --path ${`${typeo}.settings`}`;
    await pushTrees("nothing is handed over");
    await up("home");
    await eventually(60, expectNoError);
    before = await identities();
  });

  it("takes over what runs, and no pod starts anew", async () => {
    await setConfigs({ [`${typeo}.gitops`]: "argocd", "homelab:reloader.gitops": "argocd" });
    const commit = await pushTrees("hand over");
    await quietUp();
    for (const name of ["typeo", "reloader"])
      assert.equal(await said(name), `Synced Healthy ${commit}`);
    assert.deepEqual(await identities(), before);
    assert.ok((await marks()).every((mark) => /^(typeo|reloader):/.test(mark)));
  });

  it("has it alone once the program has let go: no record of Helm's, no field of the program's", async () => {
    await quietUp();
    assert.deepEqual(await identities(), before);
    assert.equal(await records(), "");
    const managers = (await handed()).flatMap(({ metadata: { managedFields = [] } }) =>
      managedFields.filter(({ subresource }) => !subresource).map(({ manager }) => manager),
    );
    // What has rights Argo CD brings by `kubectl auth reconcile` first, under its program's name (gitops-engine: resource_ops.go).
    assert.deepEqual([...new Set(managers)].sort(), [
      "argocd-application-controller",
      "argocd-controller",
    ]);
  });

  it("brings what is pushed, and no up does", async () => {
    await setConfigs({ [`${typeo}.replicas`]: 3 });
    const commit = await pushTrees("three pods");
    // As a webhook of the repository's host asks; it looks by itself within three minutes.
    await run`kubectl --context home annotate application.argoproj.io typeo -n argocd argocd.argoproj.io/refresh=normal`;
    await eventually(60, async () => assert.equal(await said("typeo"), `Synced Healthy ${commit}`));
    await nothingToChange("home");
    const now = await identities();
    assert.deepEqual(
      now.filter((one) => before.includes(one)),
      before,
    );
    assert.equal(now.length, before.length + 1);
  });

  it("undoes what somebody does by hand", async () => {
    await run`kubectl --context home scale deployment typeo -n typeo --replicas=4`;
    await eventually(60, async () => {
      const deployment = await kubectl<Listed>`--context home get deployment typeo -n typeo`;
      assert.equal(deployment.spec?.replicas, 3);
    });
  });

  it("gives it back in one up: nothing is deleted, and no pod starts anew", async () => {
    const now = await identities();
    await run`pulumi config rm --stack home --path ${`${typeo}.gitops`}`;
    await run`pulumi config rm --stack home --path homelab:reloader`;
    await quietUp();
    assert.deepEqual(await identities(), now);
    assert.ok((await marks()).every((mark) => mark === ""));
    assert.match(await records(), /sh\.helm\.release\.v1\.reloader/);
    const apps = await run`kubectl --context home get applications.argoproj.io -n argocd -o name`;
    assert.equal(apps, "");
  });

  it("goes, and leaves the site as it was", async () => {
    for (const path of [key, "homelab:gateway.routes.argocd", `${typeo}.replicas`])
      await run`pulumi config rm --stack home --path ${path}`;
    await setConfigs({
      [`${typeo}.replicas`]: 2,
      [`${typeo}.settings.FIREBASE_PRIVATE_KEY`]: "op://Homelab/Typeo/firebase-private-key",
    });
    await up("home");
    const { stderr } = await attempt`kubectl --context home get namespace argocd`;
    assert.match(stderr, /not found/);
    await nothingToChange("home");
  });
});

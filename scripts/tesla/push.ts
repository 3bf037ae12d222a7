/** Tells vehicles where to stream and what, by a Job in the cluster. */
import { pemOf } from "../../components/tesla/chain.ts";
import { publicKeyOf } from "../../components/tesla/key-pair.ts";
import { pushJob, teslaNamespace } from "../../components/tesla/names.ts";
import {
  pushedObject,
  pushJobObject,
  pushSeconds,
  pushSecretObject,
} from "../../components/tesla/push.ts";
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import { pushBody } from "../../stacks/parts/tesla/fleet.ts";
import { authoritiesNow, pushedNow } from "../../stacks/parts/tesla/pushed.ts";
import type { TeslaConfig } from "../../stacks/parts/tesla/schema.ts";
import { judgeAnswer } from "./answer.ts";

export interface PushArgs {
  readonly tesla: TeslaConfig;
  readonly privateKey: string;
  /** Of the vehicles' owner. */
  readonly accessToken: string;
}

const inNamespace = ["-n", teslaNamespace.name] as const;

/** Pushes once. Throws where the Job, the proxy or Tesla refuses, or where one of the vehicles was left out. */
export async function push(
  run: ClusterCommand,
  { tesla, privateKey, accessToken }: PushArgs,
): Promise<void> {
  if (publicKeyOf(privateKey) === undefined)
    throw new Error("homelab:tesla.key.privateKey: is no private key on the curve prime256v1");
  const authorities = await authoritiesNow(run);
  const body = pushBody(tesla, pemOf(authorities));
  await forget(run);
  try {
    const made = await apply(run, "create", pushJobObject());
    const { metadata } = JSON.parse(made) as { metadata: { uid: string } };
    await apply(run, "create", pushSecretObject({ privateKey, accessToken, body }, metadata.uid));
    await ended(run);
    judgeAnswer(await said(run), tesla);
  } finally {
    await forget(run);
  }
  await apply(run, "apply", pushedObject(pushedNow(tesla, authorities, new Date())));
}

/** What kubectl prints; rejects with what it says. */
async function kubectl(
  run: ClusterCommand,
  args: readonly string[],
  stdin?: string,
): Promise<string> {
  const { ok, stdout, stderr } = await run("kubectl", [...inNamespace, ...args], stdin);
  if (!ok) throw new Error(`kubectl ${args[0] ?? ""}: ${stderr}`);
  return stdout;
}

const apply = (run: ClusterCommand, how: "create" | "apply", object: object): Promise<string> =>
  kubectl(run, [how, "-f", "-", "-o", "json"], JSON.stringify(object));

/** Job, pod and Secret; nothing of a push stays in the cluster. */
const forget = (run: ClusterCommand): Promise<string> =>
  kubectl(run, ["delete", "job,secret", pushJob, "--ignore-not-found", "--cascade=foreground"]);

/** Waits until the Job is over, one way or the other. */
async function ended(run: ClusterCommand): Promise<void> {
  const step = 10;
  for (let waited = 0; waited < pushSeconds.most; waited += step) {
    const { ok } = await run("kubectl", [
      ...inNamespace,
      ...["wait", `job/${pushJob}`, "--for=condition=complete", `--timeout=${step}s`],
    ]);
    if (ok) return;
    const failed = await kubectl(run, ["get", "job", pushJob, "-o", "jsonpath={.status.failed}"]);
    if (failed !== "") return;
  }
  const pods = await kubectl(run, ["get", "pods", "-l", `job-name=${pushJob}`, "-o", "wide"]);
  throw new Error(`the push did not end within ${pushSeconds.most} s:\n${pods}`);
}

/** What the last container has printed; where it never began, what the proxy says. */
async function said(run: ClusterCommand): Promise<string> {
  const of = (container: string) => ["logs", `job/${pushJob}`, "-c", container, "--tail=200"];
  const { ok, stdout } = await run("kubectl", [...inNamespace, ...of("push")]);
  if (ok && stdout.trim() !== "") return stdout;
  const proxy = await kubectl(run, of("proxy"));
  throw new Error(`the vehicle-command proxy does not answer in its pod:\n${proxy.trim()}`);
}

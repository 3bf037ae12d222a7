/** What programs do with the stores of home: clients with an application's login, in pods that run the stores' own tools. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { kubernetes } from "./cluster.ts";
import { attempt, kubectl, run } from "./command.ts";
import { eventually } from "./site.ts";
import { volumePod } from "./storage.ts";

/** The release of PostgreSQL that this machine has: the lab's instances run its programs. */
export async function postgresRelease(): Promise<string> {
  const [program] = globSync("/usr/lib/postgresql/*/bin/postgres").sort().reverse();
  assert.ok(program, "PostgreSQL is not installed");
  const [, release] = /(\d+\.\d+)/.exec(await run`${program} --version`) ?? [];
  assert.ok(release, `${program} does not say its release`);
  return release;
}

interface Template {
  readonly spec: {
    readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
  };
}

/** How a command in a pod ended, and what it wrote last. */
export interface Ended {
  readonly code: number;
  readonly said: string;
}

/** The application that logs in to all stores, and serves without one. */
export const client = "typeo";

/**
 * Runs a command of an image in a pod of an application, with the application's settings as its environment: with its labels, so
 * that policies take it for one of its pods, or without.
 */
export async function asApplication(
  app: string,
  image: string,
  command: readonly string[],
  { labelled = true } = {},
): Promise<Ended> {
  const { spec } = await kubectl<Template>`--context home -n ${app} get deployment ${app}`;
  const container = {
    ...{ name: "client", image, command },
    envFrom: [{ secretRef: { name: `${app}-settings` } }],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const user = { runAsNonRoot: true, runAsUser: 26, seccompProfile: { type: "RuntimeDefault" } };
  return endOf(app, {
    labels: labelled ? spec.template.metadata.labels : {},
    spec: { restartPolicy: "Never", securityContext: user, containers: [container] },
  });
}

/** Runs a script with an application's volume at /data, as the owner of its files and where the volume is attached. */
export async function inVolume(
  {
    namespace,
    app,
    claim,
  }: { readonly namespace: string; readonly app: string; readonly claim: string },
  script: string,
): Promise<Ended> {
  const where = "jsonpath={.items[0].spec.nodeName}";
  const node =
    await run`kubectl --context home -n ${namespace} get pods -l app.kubernetes.io/name=${app} -o ${where}`;
  const spec = { ...volumePod(claim, script), restartPolicy: "Never", nodeName: node };
  return endOf(namespace, { labels: {}, spec });
}

let pods = 0;

/** Runs a pod to its end, and deletes it. */
async function endOf(
  namespace: string,
  { labels, spec }: { readonly labels: Readonly<Record<string, string>>; readonly spec: object },
): Promise<Ended> {
  const name = `client-${(pods += 1)}`;
  await kubernetes("apply", [
    { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels }, spec },
  ]);
  const at = ["--context", "home", "-n", namespace];
  try {
    let code = NaN;
    await eventually(60, async () => {
      const path = "-o=jsonpath={.status.containerStatuses[0].state.terminated.exitCode}";
      const { stdout } = await attempt`kubectl ${at} get pod ${name} ${path}`;
      assert.match(stdout, /^\d+$/, `the pod ${name} has not ended`);
      code = Number(stdout);
    });
    return { code, said: (await run`kubectl ${at} logs ${name}`).trim() };
  } finally {
    // It may be on a machine that is lost, and then ends with that one's return.
    await run`kubectl ${at} delete pod ${name} --wait=false`;
  }
}

/** What a policy drops nobody answers: who asks gives up after this long. */
const answerSeconds = 10;

const dragonfly = "docker.dragonflydb.io/dragonflydb/dragonfly:v1.39.0";

const postgresImage = async (): Promise<string> =>
  `ghcr.io/cloudnative-pg/postgresql:${await postgresRelease()}-standard-trixie`;

/** What a pod of the client says to its database. */
export const sql = async (text: string, options?: { labelled: boolean }): Promise<Ended> =>
  asApplication(
    client,
    await postgresImage(),
    ["env", `PGCONNECT_TIMEOUT=${answerSeconds}`, "psql", "-X", "-qtAc", text],
    options,
  );

/** What a pod of Immich says to its database, by the variables that its server reads; a statement that fails ends nothing. */
export const immichSql = async (text: string): Promise<Ended> =>
  asApplication("immich", await postgresImage(), [
    "/bin/sh",
    "-c",
    `export PGHOST="$DB_HOSTNAME" PGPORT="$DB_PORT" PGDATABASE="$DB_DATABASE_NAME" PGUSER="$DB_USERNAME" PGPASSWORD="$DB_PASSWORD"
PGOPTIONS="-c client_min_messages=warning" PGCONNECT_TIMEOUT=${answerSeconds} psql -X -qtA <<'END'\n${text}\nEND`,
  ]);

/** What a pod of the client says to its Redis. */
export const redis = async (words: string, options?: { labelled: boolean }): Promise<Ended> =>
  asApplication(
    client,
    dragonfly,
    [
      "/bin/sh",
      "-c",
      `timeout ${answerSeconds} redis-cli --no-auth-warning -u "$REDIS_URL" ${words}`,
    ],
    options,
  );

/** What a pod of the client says to its bucket: a command of rclone's with what it is about. */
export const bucket = async (words: string, options?: { labelled: boolean }): Promise<Ended> =>
  asApplication(
    client,
    "docker.io/rclone/rclone:1.75.0",
    [
      "/bin/sh",
      "-c",
      `timeout ${answerSeconds} rclone --config /dev/null --retries 1 --s3-provider Ceph --s3-env-auth --s3-no-check-bucket ` +
        `--s3-endpoint "$AWS_ENDPOINT_URL_S3" --s3-region "$AWS_REGION" ${words}`,
    ],
    options,
  );

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyCronJob, fillJob, storeAccess } from "../../../components/buckets/copy-objects.ts";
import type { CopyPlan } from "../../../components/buckets/copy-plan.ts";
import { scriptText } from "../../../components/remote/shell.ts";
import { at } from "./at.ts";
import { wordsOf } from "./step-words.ts";

const bucket = { name: "photos", class: "ceph-bucket" };
const copy: CopyPlan = {
  target: {
    ...{ endpoint: "https://nas.home.arpa:9000", bucket: "vault", folder: "buckets-home" },
    ...{ region: "us-east-1", ca: "PEM" },
  },
  ...{ at: "03:00", everyHours: 24, memoryMiB: 1024, keepDays: 30, rclone: "1.75.0" },
};
const template = "spec.jobTemplate.spec.template.spec";
const scripts = new URL("../../../components/buckets/scripts/", import.meta.url);

/** A container's environment, with secrets as SECRET/KEY. */
function environment(object: unknown, path: string): Record<string, string> {
  const all = at(object, `${path}.containers[0].env`) as {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
  return Object.fromEntries(
    all.map(({ name, value, valueFrom }) => [
      name,
      value ?? `${valueFrom?.secretKeyRef.name ?? ""}/${valueFrom?.secretKeyRef.key ?? ""}`,
    ]),
  );
}

describe("the pods that copy a bucket", () => {
  const job = copyCronJob(bucket, copy);

  it("know both stores and their keys, and make no bucket", () => {
    const told = environment(job, template);
    assert.equal(
      told["RCLONE_CONFIG_SITE_ENDPOINT"],
      "http://rook-ceph-rgw-ceph-bucket.rook-ceph.svc:80",
    );
    assert.equal(told["RCLONE_CONFIG_SITE_PROVIDER"], "Ceph");
    assert.equal(told["RCLONE_CONFIG_SITE_NO_CHECK_BUCKET"], "true");
    assert.equal(told["RCLONE_CONFIG_SITE_STORAGE_CLASS"], "STANDARD");
    assert.equal(told["RCLONE_CONFIG_SITE_ACCESS_KEY_ID"], "photos/AWS_ACCESS_KEY_ID");
    assert.equal(told["RCLONE_CONFIG_OUTSIDE_ENDPOINT"], "https://nas.home.arpa:9000");
    assert.equal(
      told["RCLONE_CONFIG_OUTSIDE_SECRET_ACCESS_KEY"],
      "photos.copy/AWS_SECRET_ACCESS_KEY",
    );
    assert.equal(told["TARGET"], "vault/buckets-home/photos");
    assert.equal(told["RCLONE_CA_CERT"], "/run/store/ca.crt");
    assert.deepEqual(Object.keys(storeAccess(copy, { accessKey: "a", secretKey: "b" })), [
      ...["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ca.crt"],
    ]);
  });

  it("keep to the profile restricted, without the API's token", () => {
    const pod = at(job, template);
    assert.equal(at(pod, "securityContext.runAsNonRoot"), true);
    assert.equal(at(pod, "automountServiceAccountToken"), false);
    assert.equal(at(pod, "containers[0].securityContext.readOnlyRootFilesystem"), true);
  });

  it("are never two, and begin by the clock of the schedule", () => {
    assert.equal(job.spec.concurrencyPolicy, "Forbid");
    assert.equal(job.spec.timeZone, "Etc/UTC");
    assert.match(job.spec.schedule, /^\d+ 3 \* \* \*$/);
  });

  it("fill by the same script, told otherwise", () => {
    const fill = fillJob(bucket, copy);
    assert.equal(environment(fill, "spec.template.spec")["MODE"], "fill");
    assert.equal(environment(job, template)["MODE"], "copy");
    assert.equal(environment(fill, "spec.template.spec")["KEEP_DAYS"], undefined);
  });
});

/** Stands for rclone, over folders: only what the script asks of it. */
const fakeRclone = `#!/bin/sh
set -eu
path() { case $1 in site:*) echo "$ROOT/site/\${1#site:}" ;; outside:*) echo "$ROOT/outside/\${1#outside:}" ;; esac; }
verb=$1; shift
echo "$verb $*" >>"$ROOT/calls"
case "$verb" in
  lsf)
    if [ -e "$ROOT/away" ]; then exit 5; fi
    for last; do :; done
    folder=$(path "$last")
    if [ ! -d "$folder" ]; then exit 0; fi
    case "$*" in
      *--files-only*) find "$folder" -maxdepth 1 -type f -printf '%f\\n' ;;
      *--dirs-only*) find "$folder" -mindepth 1 -maxdepth 1 -type d -printf '%f/\\n' ;;
      *) ls "$folder" ;;
    esac ;;
  size) printf '{"count":%s,"bytes":0,"sizeless":0}\n' "$(find "$(path "$2")" -type f 2>/dev/null | wc -l)" ;;
  cat) cat "$(path "$1")" ;;
  rcat) mkdir -p "$(dirname "$(path "$1")")"; cat >"$(path "$1")" ;;
  deletefile) rm "$(path "$1")" ;;
  delete) rm -r "$(path "$1")" ;;
  copy) if [ -d "$(path "$2")" ]; then cp -rn "$(path "$2")/." "$(path "$3")/"; fi ;;
  sync) rm -rf "$(path "$4")"; mkdir -p "$(path "$4")"; cp -r "$(path "$3")/." "$(path "$4")/" ;;
esac
`;

describe("the script that copies and fills", () => {
  let root = "";
  const place = "outside/vault/buckets-home/photos";
  const file = (path: string, text = "x") => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const list = (path: string) =>
    existsSync(join(root, path)) ? readdirSync(join(root, path)).sort() : [];
  const run = (mode: "fill" | "copy", key = "one") => {
    const { status, stdout, stderr } = spawnSync(
      "sh",
      [fileURLToPath(new URL("copy.sh", scripts))],
      {
        encoding: "utf8",
        env: {
          ...{ PATH: `${root}:${process.env["PATH"] ?? ""}`, ROOT: root, MODE: mode },
          ...{ BUCKET: "photos", TARGET: "vault/buckets-home/photos", KEEP_DAYS: "30" },
          RCLONE_CONFIG_SITE_ACCESS_KEY_ID: key,
        },
      },
    );
    return { status, said: `${stdout}${stderr}`.trim() };
  };
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "bucket-copy-"));
    writeFileSync(join(root, "rclone"), fakeRclone, { mode: 0o755 });
    mkdirSync(join(root, "site/photos"), { recursive: true });
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("leaves the copy alone before the bucket was filled, so that an empty one never empties it", () => {
    file(`${place}/copy/a`);
    file(`${place}/bucket`, "of another one");
    const { status, said } = run("copy");
    assert.equal(status, 1);
    assert.match(said, /was never filled from it: npm run up does that first/);
    assert.deepEqual(list(`${place}/copy`), ["a"]);
  });

  it("fills a new bucket from the copy, and takes a copy that is not there for an empty one", () => {
    assert.deepEqual(run("fill"), { status: 0, said: "the bucket holds what its copy has" });
    assert.deepEqual(list(place), ["bucket"]);
    file(`${place}/copy/a`);
    assert.equal(run("fill", "two").status, 0);
    assert.deepEqual(list("site/photos"), ["a"]);
    assert.equal(run("copy", "two").status, 0);
    assert.deepEqual(list(place), ["bucket", "copied", "copy"]);
  });

  it("brings nothing back into a bucket that its copy is of, or that had objects before", () => {
    file(`${place}/copy/a`);
    run("fill");
    rmSync(join(root, "site/photos/a"));
    assert.equal(run("fill").said, "the copy is of this bucket already");
    assert.deepEqual(list("site/photos"), []);
    rmSync(join(root, place, "bucket"));
    file("site/photos/b");
    file(`${place}/copy/c`);
    file(`${place}/copy/d`);
    assert.equal(run("fill").said, "the bucket has objects of its own, and keeps them");
    assert.deepEqual(list("site/photos"), ["b"]);
    assert.equal(run("copy").status, 0);
    assert.deepEqual(list(`${place}/copy`), ["b"]);
  });

  it("lets a person say what counts where both the copy and a new bucket have objects", () => {
    file(`${place}/copy/a`);
    run("fill");
    const { status, said } = run("fill", "two");
    assert.equal(status, 1);
    assert.match(said, /Delete the object vault\/buckets-home\/photos\/bucket of the store/);
    assert.equal(run("copy", "two").status, 1);
    assert.deepEqual(list(`${place}/copy`), ["a"]);
  });

  it("goes on with a bucket whose filling was cut off", () => {
    file(`${place}/copy/a`);
    file(`${place}/copy/b`);
    file("site/photos/a", "is there");
    // The first 16 digits of the SHA-256 of "one".
    file(`${place}/filling`, "7692c3ad3540bb80");
    assert.equal(run("fill").status, 0);
    assert.deepEqual(list("site/photos"), ["a", "b"]);
    assert.deepEqual(list(place), ["bucket", "copy"]);
  });

  it("takes most of a copy away only where a person says so, for a bucket is purged under a key that holds", () => {
    file("site/photos/a");
    for (const name of ["a", "b", "c"]) file(`${place}/copy/${name}`);
    // The first 16 digits of the SHA-256 of "one".
    file(`${place}/bucket`, "7692c3ad3540bb80");
    const { status, said } = run("copy");
    assert.equal(status, 1);
    assert.match(said, /has 1 objects, and its copy 3: .*put an object vault\/\S+\/fewer/);
    assert.deepEqual(list(`${place}/copy`), ["a", "b", "c"]);
    file(`${place}/fewer`, "");
    assert.equal(run("copy").status, 0);
    assert.deepEqual(list(`${place}/copy`), ["a"]);
    assert.deepEqual(list(place), ["bucket", "copied", "copy"]);
  });

  it("takes a store that it cannot list for no empty one", () => {
    file("away");
    assert.equal(run("fill").status, 5);
    assert.equal(run("copy").status, 5);
    assert.deepEqual(list("outside"), []);
  });

  it("forgets what was moved aside longer ago than it is to be kept", () => {
    run("fill");
    const stamp = (daysAgo: number) =>
      new Date(Date.now() - daysAgo * 86_400_000).toISOString().replaceAll(/\D/g, "").slice(0, 14);
    const [young, old] = [stamp(29), stamp(31)];
    for (const folder of [young, old, "by-hand"]) file(`${place}/before/${folder}/a`);
    assert.equal(run("copy").status, 0);
    assert.deepEqual(list(`${place}/before`), [young, "by-hand"].sort());
  });
});

describe("the step that fills a bucket", () => {
  const script = scriptText(new URL("../x.ts", scripts).href, "fill.sh");
  const words = (state: string) =>
    wordsOf({
      functions: 'note() { echo "$*"; }\nkubectl() { cat >/dev/null; }',
      variables: 'NAMESPACE=buckets BUCKET=photos JOB=photos-fill MANIFEST="{}" kubeconfig=x',
      cases: `*"get job"*) echo "${state}" ;;
        *"get pods"*) echo Succeeded ;;
        *logs*) echo "the store is away" ;;`,
      script,
    });

  it("says how it ended", () => {
    assert.equal(words("SuccessCriteriaMet Complete"), "bucket photos: the store is away");
    assert.match(
      words("FailureTarget Failed"),
      /photos was not filled from its copy, .*: the store is away/,
    );
  });
});

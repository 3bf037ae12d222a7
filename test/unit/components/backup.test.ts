import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import {
  lateAfterHours,
  replicationDestination,
  replicationInPlace,
  replicationSource,
  repositorySettings,
  schedule,
} from "../../../components/backup/objects.ts";
import { operatorValues } from "../../../components/backup/operator-values.ts";
import type { SavedPlan, SavingPlan } from "../../../components/backup/plan.ts";
import { backupTimes, listed, listStore, signedHeaders } from "../../../components/backup/store.ts";
import { ServiceError } from "../../../components/http/service-error.ts";
import { volumeSpec } from "../../../components/storage/claim.ts";
import { at } from "./at.ts";
import { closed, violations, type Schema } from "./json-schema.ts";

const schema = (file: string): Schema =>
  JSON.parse(readFileSync(new URL(`./schemas/${file}.json`, import.meta.url), "utf8")) as Schema;

const saving: SavingPlan = {
  target: {
    endpoint: "https://nas.home.arpa:9000/",
    ...{ bucket: "volumes", folder: "volumes-home", region: "us-east-1" },
  },
  ...{ at: "03:00", everyHours: 24, cacheGiB: 2, memoryMiB: 1024 },
  keep: { daily: 7, weekly: 4 },
};
const own: SavingPlan = { ...saving, target: { ...saving.target, ca: "PEM" } };
const made = { sizeGiB: 10, shared: false };
const block: SavedPlan & { readonly made: typeof made } = {
  ...{ namespace: "home-assistant", claim: "home-assistant-config" },
  ...{ class: "ceph-block", kind: "block", uid: 1000, gid: 1001, made },
};
const file = { ...block, class: "ceph-filesystem", kind: "file" as const };
const inPlace = replicationInPlace(block, saving, {
  name: "r",
  tag: "t",
  asOf: "2026-11-28T03:00:00Z",
});

describe("the objects of a volume's backup", () => {
  it("are taken by the definitions of the pinned release as they are", () => {
    const all = [
      replicationSource(block, saving),
      replicationSource(file, own),
      replicationDestination(block, saving),
      replicationDestination({ ...file, made: { ...made, shared: true } }, own),
      inPlace,
    ];
    for (const { apiVersion, kind, spec } of all)
      assert.deepEqual(
        violations(closed(schema(kind.toLowerCase())), { apiVersion, kind, metadata: {}, spec }),
        [],
        kind,
      );
  });

  it("copy a volume by the snapshots of its own driver, and files without a second copy", () => {
    const of = (saved: SavedPlan) => replicationSource(saved, saving).spec.restic;
    assert.equal(of(block).volumeSnapshotClassName, "ceph-block");
    assert.equal(of(block).accessModes, undefined);
    assert.equal(of(file).volumeSnapshotClassName, "ceph-file");
    assert.deepEqual(of(file).accessModes, ["ReadOnlyMany"]);
    // The cache is written, whatever the data is.
    assert.deepEqual(of(file).cacheAccessModes, ["ReadWriteOnce"]);
    assert.equal(of(file).cacheStorageClassName, "ceph-filesystem");
  });

  it("run as the files' user, within the profile `restricted`", () => {
    const { moverSecurityContext } = replicationSource(block, saving).spec.restic;
    assert.deepEqual(moverSecurityContext, {
      ...{ runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1001, fsGroup: 1001 },
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    });
  });

  it("begin a claim with a snapshot of what was restored, as large as the claim", () => {
    const { spec } = replicationDestination(block, saving);
    assert.equal(spec.restic.copyMethod, "Snapshot");
    assert.equal(spec.restic.capacity, "10Gi");
    assert.equal(at(spec, "trigger.manual"), "first");
    const { dataSourceRef } = volumeSpec({
      ...{ namespace: "home-assistant", name: "home-assistant-config", sizeGiB: 10 },
      from: replicationDestination(block, saving),
    });
    assert.deepEqual(dataSourceRef, {
      ...{ apiGroup: "volsync.backube", kind: "ReplicationDestination" },
      name: "home-assistant-config",
    });
  });

  it("put a backup in place of what a claim has", () => {
    const { restic } = inPlace.spec;
    assert.equal(restic.copyMethod, "Direct");
    assert.equal(restic.destinationPVC, block.claim);
    assert.equal(restic.enableFileDeletion, true);
    assert.equal(restic.restoreAsOf, "2026-11-28T03:00:00Z");
  });

  it("give each claim a repository of its own, and tell movers of the store's authority", () => {
    const settings = repositorySettings(own.target, block);
    assert.deepEqual(settings, {
      RESTIC_REPOSITORY:
        "s3:https://nas.home.arpa:9000/volumes/volumes-home/home-assistant/home-assistant-config",
      AWS_DEFAULT_REGION: "us-east-1",
      "ca.crt": "PEM",
    });
    assert.deepEqual(at(replicationSource(block, own).spec, "restic.customCA"), {
      ...{ secretName: "home-assistant-config.repository", key: "ca.crt" },
    });
    assert.ok(!("customCA" in replicationSource(block, saving).spec.restic));
  });

  it("are made once a day, within half an hour, or several times", () => {
    const [minute, hour, ...rest] = schedule(saving, block).split(" ");
    assert.ok(Number(minute) < 30);
    assert.deepEqual([hour, ...rest], ["3", "*", "*", "*"]);
    assert.match(
      schedule({ at: "23:45", everyHours: 8 }, block),
      /^\d+ (0,8,16|7,15,23) \* \* \*$/,
    );
    assert.notEqual(schedule(saving, block), schedule(saving, { ...block, claim: "b" }));
    assert.equal(lateAfterHours(saving), 50);
  });
});

describe("VolSync's chart", () => {
  it("is given values that it knows", () => {
    assert.deepEqual(violations(closed(schema("volsync")), operatorValues()), []);
  });
});

describe("a store outside", () => {
  const store = {
    ...{ endpoint: "https://nas.home.arpa", bucket: "volumes", region: "us-east-1" },
    ...{ accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
  };

  it("is asked with a signature of version 4", () => {
    // The example of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Bucket (List Objects)".
    const { authorization } = signedHeaders({
      store: {
        ...store,
        accessKey: "AKIAIOSFODNN7EXAMPLE",
        secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      },
      ...{ host: "examplebucket.s3.amazonaws.com", path: "/", query: "max-keys=2&prefix=J" },
      now: new Date("2013-05-24T00:00:00Z"),
    });
    assert.match(
      authorization ?? "",
      /Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7$/,
    );
  });

  it("names when backups were written, over pages, the newest first", async () => {
    const page = (key: string, day: number, next = "") =>
      `<ListBucketResult><Contents><Key>${key}</Key><LastModified>2026-11-${day}T03:00:00.000Z</LastModified><Size>200</Size></Contents>${next}</ListBucketResult>`;
    assert.deepEqual(listed(page("a&amp;b", 20)).objects[0], {
      ...{ key: "a&b", bytes: 200, modified: new Date("2026-11-20T03:00:00Z") },
    });
    const asked: string[] = [];
    const server = createServer((request: IncomingMessage, response) => {
      asked.push(request.url ?? "");
      response.end(
        asked.length === 1
          ? page("x/snapshots/1", 20, "<NextContinuationToken>n/1=</NextContinuationToken>")
          : page("x/snapshots/2", 22),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const times = await backupTimes(
        { ...store, endpoint: `http://127.0.0.1:${port}` },
        saving.target,
        block,
      );
      assert.deepEqual(
        times.map((time) => time.getUTCDate()),
        [22, 20],
      );
      assert.match(
        asked[0] ?? "",
        /^\/volumes\?list-type=2&prefix=volumes-home%2Fhome-assistant%2Fhome-assistant-config%2Fsnapshots%2F$/,
      );
      assert.match(asked[1] ?? "", /continuation-token=n%2F1%3D&list-type=2/);
    } finally {
      server.close();
    }
  });

  it("says in its own words why it refuses", async () => {
    const server = createServer((_, response) => {
      response.statusCode = 403;
      response.end("<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await assert.rejects(listStore({ ...store, endpoint: `http://127.0.0.1:${port}` }, "x"), {
        name: ServiceError.name,
        message: /bucket volumes answers 403, AccessDenied: Access Denied\./,
      });
    } finally {
      server.close();
    }
  });
});

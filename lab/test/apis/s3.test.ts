import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createS3 } from "../../apis/s3/server.ts";
import { signatureOf } from "../../apis/s3/signature.ts";
import type { Web } from "../../apis/web/server.ts";
import { selfSigned } from "./certificate.ts";
import { presignedPut, signedRequest, storeKey, type Signed } from "./s3-request.ts";

describe("S3", () => {
  const stateDir = mkdtempSync(join(tmpdir(), "s3-"));
  const options = {
    address: "127.0.0.1",
    port: 0,
    tls: selfSigned(),
    buckets: ["etcd", "volumes"],
    key: storeKey,
  };
  let store: Web;
  const send = (method: string, path: string, more?: Signed, key = storeKey) =>
    signedRequest(store.port, method, path, key, more);
  const failure = async (answer: ReturnType<typeof send>): Promise<string> => {
    const { status, body } = await answer;
    return `${status} ${/<Code>(.*?)<\/Code>/.exec(body.toString())?.[1] ?? ""}`;
  };

  before(async () => {
    store = await createS3({ ...options, stateDir });
  });
  after(async () => {
    await store.close();
    rmSync(stateDir, { recursive: true });
  });

  // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "Example: GET Object"
  it("signs as AWS's own example does", () => {
    const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const headers = {
      ...{ host: "examplebucket.s3.amazonaws.com", range: "bytes=0-9" },
      ...{ "x-amz-content-sha256": nothing, "x-amz-date": "20130524T000000Z" },
    };
    const request = { method: "GET", path: "/test.txt", query: new URLSearchParams(), headers };
    const signature = signatureOf(request, {
      ...{ secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", day: "20130524" },
      ...{ region: "us-east-1", signed: "host;range;x-amz-content-sha256;x-amz-date" },
    });
    assert.equal(signature, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  });

  it("keeps objects with their metadata, over a restart, until they are deleted", async () => {
    const headers = { "content-type": "application/zip", "x-amz-meta-rke2-node-name": "stone" };
    const body = Buffer.from([0, 255, 10, 13, 0]);
    const path = "/etcd/home/a%20snapshot-1";
    const put = await send("PUT", path, { body, headers, payload: "UNSIGNED-PAYLOAD" });
    assert.equal(put.status, 200, put.body.toString());
    await store.close();
    store = await createS3({ ...options, stateDir });
    const got = await send("GET", path);
    assert.deepEqual(got.body, body);
    assert.equal(got.headers["x-amz-meta-rke2-node-name"], "stone");
    assert.equal((await send("HEAD", path)).headers["content-length"], "5");
    const list = async (prefix: string) =>
      (await send("GET", `/etcd/?encoding-type=url&list-type=2&prefix=${prefix}`)).body.toString();
    assert.match(await list("home/"), /<Key>home\/a%20snapshot-1<\/Key>.*<Size>5<\/Size>/);
    assert.match(await list("cabin/"), /<KeyCount>0</);
    assert.equal((await send("DELETE", path)).status, 204);
    assert.equal(await failure(send("GET", path)), "404 NoSuchKey");
  });

  it("lists what lies in a folder, by both versions of a list", async () => {
    for (const key of ["a/one", "a/two", "b/three", "four"])
      await send("PUT", `/volumes/in/${key}`);
    for (const type of ["", "list-type=2&"]) {
      const list = await send("GET", `/volumes/?${type}delimiter=%2F&prefix=in%2F`);
      const found = [...list.body.toString().matchAll(/<(?:Key|CommonPrefixes><Prefix)>([^<]*)/g)];
      assert.deepEqual(
        found.map(([, one]) => one),
        ["in/four", "in/a/", "in/b/"],
      );
    }
    assert.equal(await failure(send("GET", "/volumes/?versions=")), "501 NotImplemented");
  });

  it("copies an object with what is known of it, or with what is said of the copy", async () => {
    const headers = { "x-amz-meta-mtime": "1.5" };
    await send("PUT", "/volumes/from", { body: "word", headers });
    const source = { "x-amz-copy-source": "volumes/from" };
    await send("PUT", "/volumes/to", { headers: source });
    const other = { "x-amz-metadata-directive": "REPLACE", "x-amz-meta-mtime": "2" };
    await send("PUT", "/volumes/other", { headers: { ...source, ...other } });
    const kept = async (path: string) => {
      const { body, headers: of } = await send("GET", path);
      return `${body.toString()} ${String(of["x-amz-meta-mtime"])}`;
    };
    assert.deepEqual(
      [await kept("/volumes/to"), await kept("/volumes/other")],
      ["word 1.5", "word 2"],
    );
    const elsewhere = { "x-amz-copy-source": "/etcd/from" };
    assert.equal(
      await failure(send("PUT", "/volumes/to", { headers: elsewhere })),
      "501 NotImplemented",
    );
  });

  it("takes a signature in the address, for as long as it says", async () => {
    const put = (at: Date) => presignedPut(store.port, "/volumes/signed", storeKey, at);
    assert.equal((await put(new Date())).status, 200);
    assert.equal(await failure(put(new Date(Date.now() - 120_000))), "403 RequestTimeTooSkewed");
    assert.equal((await send("GET", "/volumes/signed")).body.toString(), "word");
  });

  it("gives a part of an object, and no part that is not there", async () => {
    await send("PUT", "/volumes/pack", { body: "0123456789" });
    const range = (text: string) => send("GET", "/volumes/pack", { headers: { range: text } });
    const middle = await range("bytes=2-4");
    assert.deepEqual(
      [middle.status, middle.body.toString(), middle.headers["content-range"]],
      [206, "234", "bytes 2-4/10"],
    );
    assert.equal((await range("bytes=8-")).body.toString(), "89");
    assert.equal(await failure(range("bytes=10-")), "416 InvalidRange");
    assert.equal(await failure(range("bytes=0-1,3-4")), "501 NotImplemented");
    assert.equal(await failure(send("GET", "/etcd/pack")), "404 NoSuchKey");
  });

  it("puts parts together in the order of their numbers", async () => {
    const begun = (await send("POST", "/etcd/big?uploads=")).body.toString();
    const id = /<UploadId>(.*)<\/UploadId>/.exec(begun)?.[1];
    for (const [number, body] of [
      [10, "c"],
      [2, "b"],
      [1, "a"],
    ] as const)
      await send("PUT", `/etcd/big?partNumber=${number}&uploadId=${id}`, { body });
    assert.equal((await send("POST", `/etcd/big?uploadId=${id}`, { body: "<x/>" })).status, 200);
    assert.equal((await send("GET", "/etcd/big")).body.toString(), "abc");
  });

  it("refuses who is not its own, and what is not signed", async () => {
    const wrong = { ...storeKey, secretKey: "guessed" };
    const other = { ...storeKey, accessKey: "GK9999" };
    const late = { at: new Date(Date.now() - 20 * 60_000) };
    const changed = { body: "changed", payload: "0".repeat(64) };
    assert.equal(await failure(send("GET", "/etcd/x", {}, wrong)), "403 SignatureDoesNotMatch");
    assert.equal(await failure(send("GET", "/etcd/x", {}, other)), "403 InvalidAccessKeyId");
    assert.equal(await failure(send("GET", "/etcd/x", late)), "403 RequestTimeTooSkewed");
    assert.equal(await failure(send("PUT", "/etcd/x", changed)), "400 XAmzContentSHA256Mismatch");
    assert.equal(await failure(send("GET", "/photos/x")), "404 NoSuchBucket");
    assert.equal(await failure(send("PUT", "/etcd")), "501 NotImplemented");
  });
});

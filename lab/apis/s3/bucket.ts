/** One bucket: what is kept in it lies in a folder, a file an object. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JsonStore } from "../store.ts";
import { S3Error } from "./error.ts";

/** What is known of an object besides its content. */
export interface Stored {
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  /** RFC 3339. */
  readonly modified: string;
  readonly type: string;
  /** The client's own headers `x-amz-meta-*`. */
  readonly metadata: Readonly<Record<string, string>>;
}

type Facts = Pick<Stored, "type" | "metadata">;

interface Upload extends Facts {
  readonly key: string;
  /** Sizes of the parts that have arrived, by their number. */
  readonly parts: Record<string, string>;
}

interface State {
  objects: Record<string, Stored>;
  uploads: Record<string, Upload>;
}

export class Bucket {
  readonly #folder: string;
  readonly #store: JsonStore<State>;

  /** Reads what the folder has, and makes it where it is missing. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#store = new JsonStore<State>(join(folder, "bucket.json"), { objects: {}, uploads: {} });
  }

  /** Keys with a prefix in their order, with what is known of each. */
  list(prefix: string): readonly (readonly [key: string, stored: Stored])[] {
    return Object.entries(this.#store.state.objects)
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  stat(key: string): Stored {
    const stored = this.#store.state.objects[key];
    if (stored === undefined)
      throw new S3Error(404, "NoSuchKey", "The specified key does not exist.");
    return stored;
  }

  read(key: string): Buffer {
    this.stat(key);
    return readFileSync(this.#file(key));
  }

  put(key: string, content: Buffer, facts: Facts, etag = `"${md5(content)}"`): Stored {
    const stored = { ...facts, etag, size: content.length, modified: new Date().toISOString() };
    const file = this.#file(key);
    writeFileSync(`${file}.new`, content, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    this.#store.change(({ objects }) => (objects[key] = stored));
    return stored;
  }

  /** An object that is not there counts as deleted. */
  delete(key: string): void {
    rmSync(this.#file(key), { force: true });
    this.#store.change(({ objects }) => delete objects[key]);
  }

  /** Begins an upload in parts; gives its id. */
  begin(key: string, facts: Facts): string {
    const id = createHash("sha256").update(`${key}${process.hrtime.bigint()}`).digest("hex");
    this.#store.change(({ uploads }) => (uploads[id] = { ...facts, key, parts: {} }));
    return id;
  }

  putPart(id: string, number: string, content: Buffer): string {
    const etag = `"${md5(content)}"`;
    const { parts } = this.#upload(id);
    writeFileSync(this.#file(`${id}/${number}`), content, { mode: 0o600 });
    this.#store.change(() => (parts[number] = etag));
    return etag;
  }

  /** Puts the parts together in the order of their numbers. */
  complete(id: string): Stored {
    const { key, parts, ...facts } = this.#upload(id);
    const numbers = Object.keys(parts).sort((a, b) => Number(a) - Number(b));
    const content = Buffer.concat(
      numbers.map((number) => readFileSync(this.#file(`${id}/${number}`))),
    );
    const stored = this.put(key, content, facts, `"${md5(content)}-${numbers.length}"`);
    this.abort(id);
    return stored;
  }

  abort(id: string): void {
    for (const number of Object.keys(this.#upload(id).parts)) rmSync(this.#file(`${id}/${number}`));
    this.#store.change(({ uploads }) => delete uploads[id]);
  }

  #upload(id: string): Upload {
    const upload = this.#store.state.uploads[id];
    if (upload === undefined)
      throw new S3Error(404, "NoSuchUpload", "The specified multipart upload does not exist.");
    return upload;
  }

  #file(key: string): string {
    return join(this.#folder, createHash("sha256").update(key).digest("hex"));
  }
}

const md5 = (content: Buffer): string => createHash("md5").update(content).digest("hex");

/** The store that snapshots go to, as a server sees it: by curl, whose config travels on standard input. */
import { listed } from "../../components/backup/store.ts";
import type { StorePlan } from "../../components/rke2/snapshot-store.ts";
import { quote } from "../../components/remote/shell.ts";
import type { Server } from "./servers.ts";

/** A store and its key. */
export interface Store extends StorePlan {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A snapshot in the store. */
export interface Stored {
  readonly name: string;
  readonly bytes: number;
  readonly saved: Date;
}

/** Snapshots by the times in their names, the newest first. */
export async function listStore(server: Server, store: Store): Promise<readonly Stored[]> {
  const query = `list-type=2&prefix=${encodeURIComponent(`${store.folder}/`)}`;
  const answer = await server.ssh(curl(store, `?${query}`), { seconds: 120 });
  return storedIn(answer);
}

/** What a list of the store names; the folder's metadata are no snapshots. */
export function storedIn(list: string): readonly Stored[] {
  return listed(list)
    .objects.map(({ key, bytes, modified }) => {
      const name = key.split("/").at(-1) ?? key;
      const seconds = /-(\d{10})(\.zip)?$/.exec(name)?.[1];
      const saved = seconds === undefined ? modified : new Date(Number(seconds) * 1000);
      return { key, name, bytes, saved };
    })
    .filter(({ key, bytes }) => bytes > 0 && !key.includes("/.metadata/"))
    .map(({ name, bytes, saved }) => ({ name, bytes, saved }))
    .sort((a, b) => b.saved.getTime() - a.saved.getTime());
}

/** Fetches a snapshot to a path on the server. */
export async function fetchFromStore(
  server: Server,
  store: Store,
  name: string,
  path: string,
): Promise<void> {
  await server.ssh(curl(store, `/${store.folder}/${name}`, path), { seconds: 1800 });
}

/**
 * A script that asks the store and prints its answer, or puts it into a file; `target` is a path below the bucket, with its
 * query in the order of its names.
 */
export function curl(store: Store, target: string, output?: string): string {
  const { protocol, host } = new URL(store.endpoint);
  const base =
    store.lookup === "dns"
      ? `${protocol}//${store.bucket}.${host}`
      : `${protocol}//${host}/${store.bucket}`;
  const value = (text: string): string => `"${text.replaceAll(/[\\"]/g, "\\$&")}"`;
  const config = [
    `url = ${value(base + target)}`,
    `aws-sigv4 = ${value(`aws:amz:${store.region}:s3`)}`,
    `user = ${value(`${store.accessKey}:${store.secretKey}`)}`,
    // S3 wants it, and not every curl sends it by itself.
    'header = "x-amz-content-sha256: UNSIGNED-PAYLOAD"',
    ...(store.ca === undefined ? [] : [`cacert = "/run/homelab-store-ca.pem"`]),
  ].join("\n");
  const answer = quote(output ?? "/run/homelab-store-answer");
  return [
    "set -euo pipefail",
    "umask 077",
    ...(store.ca === undefined
      ? []
      : [`printf '%s' ${quote(store.ca)} >/run/homelab-store-ca.pem`]),
    `mkdir -p "$(dirname ${answer})"`,
    `curl -sS --fail-with-body --retry 3 --connect-timeout 10 -o ${answer} -K - <<'CONFIG' || {`,
    config,
    "CONFIG",
    `  sed -n 's|.*<Code>\\(.*\\)</Code>.*<Message>\\([^<]*\\)<.*|the store says \\1: \\2|p' ${answer} >&2`,
    `  rm -f ${answer}`,
    "  exit 1",
    "}",
    ...(output === undefined ? [`cat ${answer}`, `rm -f ${answer}`] : []),
    "",
  ].join("\n");
}

/** Months that pass for the machines: their certificates get older. */
import type { Dirent } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KeyPair } from "../world/authority.ts";
import { Redating } from "../world/dates.ts";

/** RKE2's authorities below `server/tls`: https://docs.rke2.io/security/certificates */
const authorities = [
  ...["server-ca", "client-ca", "request-header-ca"],
  ...["etcd/server-ca", "etcd/peer-ca"],
];
const tls = "var/lib/rancher/rke2/server/tls";

/** Where a node has certificates, and kubeconfigs with such in them. */
const places = [
  ...[tls, `${tls}/etcd`, "var/lib/rancher/rke2/server/cred", "var/lib/rancher/rke2/agent"],
  "etc/rancher/rke2",
];

/**
 * Dates back the certificates on all machines' disks below `machines`, as if so many days had passed, and gives the states
 * of the person's stacks (by name, as exported with their secrets in plain) dated back as well. Programs that run read
 * their certificates again as the real ones do, and those that keep what they have read keep it.
 */
export async function passTime(
  machines: string,
  days: number,
  states: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const disks = (await entries(machines)).map(({ name }) => join(machines, name, "root"));
  const pairs = await Promise.all(disks.map(authoritiesOn));
  const redating = new Redating(days, pairs.flat());
  for (const disk of disks) await redateDisk(disk, redating);
  const dated = await Promise.all(
    Object.entries(states).map(async ([name, text]) => [name, await redating.state(text)] as const),
  );
  return Object.fromEntries(dated);
}

async function authoritiesOn(disk: string): Promise<readonly KeyPair[]> {
  const found = await Promise.all(
    authorities.map(async (name) => {
      const [cert, key] = await Promise.all(
        ["crt", "key"].map((end) => content(join(disk, tls, `${name}.${end}`))),
      );
      return cert === undefined || key === undefined ? [] : [{ cert, key }];
    }),
  );
  return found.flat();
}

async function redateDisk(disk: string, redating: Redating): Promise<void> {
  for (const place of places) {
    for (const { name } of await entries(join(disk, place))) {
      if (!/\.(crt|kubeconfig|yaml)$/.test(name)) continue;
      const file = join(disk, place, name);
      const old = await content(file);
      if (old === undefined) continue;
      const dated = await redating.certificates(old);
      // In place, so that owner and mode stay.
      if (dated !== old) await writeFile(file, dated);
    }
  }
}

async function entries(directory: string): Promise<readonly Dirent[]> {
  return (await unlessAbsent(readdir(directory, { withFileTypes: true }))) ?? [];
}

const content = (file: string): Promise<string | undefined> => unlessAbsent(readFile(file, "utf8"));

async function unlessAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

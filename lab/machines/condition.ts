/** What can be wrong with a machine's hardware and clock: files that the machine sees below /run/lab/machine. */
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MachineDefinition } from "./machine.ts";

/** Share of a sound root disk that is in use, in percent. */
const soundUse = 6;

const directoryOf = (machineDir: string): string => join(machineDir, "condition");

/** What a machine itself says of its root disk: sizes of the partition and of the file system on it, in bytes. */
const layout = "layout";

/** Disks beside the root disk. */
const disks = "disks";

/**
 * The directory that the machine sees; it keeps what was set until that is taken back or the machine is destroyed. Called
 * at each boot, at which partition and file system take the whole disk (Debian's cloud image: cloud-initramfs-growroot, and
 * x-systemd.growfs in its fstab). While a machine runs, only the machine grows them.
 */
export async function layCondition(
  machineDir: string,
  { diskBytes, disks: further }: Pick<MachineDefinition, "diskBytes" | "disks">,
): Promise<string> {
  const directory = directoryOf(machineDir);
  await showDisks(machineDir, further);
  await mkdir(join(directory, layout), { recursive: true });
  await put(directory, "disk-bytes", diskBytes);
  await put(join(directory, layout), "partition-bytes", diskBytes);
  await put(join(directory, layout), "filesystem-bytes", diskBytes);
  await putUnlessThere(directory, "disk-used-bytes", Math.floor((diskBytes * soundUse) / 100));
  await putUnlessThere(directory, "clock-offset-seconds", 0);
  return directory;
}

/** Shows the machine the disks that it has beside its root disk: a file each, by slot, with the size in bytes. */
export async function showDisks(
  machineDir: string,
  further: MachineDefinition["disks"],
): Promise<void> {
  const directory = join(directoryOf(machineDir), disks);
  await mkdir(directory, { recursive: true });
  const slots = further.map((disk) => disk.interface);
  for (const slot of await readdir(directory))
    if (!slots.includes(slot)) await rm(join(directory, slot));
  for (const disk of further) await put(directory, disk.interface, disk.bytes);
}

/** Fills the machine's root file system to so many percent; 6 is what a sound one uses. Takes effect at once. */
export async function setDiskUse(machineDir: string, usedPercent: number): Promise<void> {
  const size = await sizeOf(machineDir);
  await change(machineDir, "disk-used-bytes", Math.floor((size * usedPercent) / 100));
}

/** Tells a machine that runs of its grown root disk. One that was never started finds the size when it is. */
export async function growDisk(machineDir: string, diskBytes: number): Promise<void> {
  if (existsSync(directoryOf(machineDir)))
    await put(directoryOf(machineDir), "disk-bytes", diskBytes);
}

async function sizeOf(machineDir: string): Promise<number> {
  try {
    return Number(
      await readFile(join(directoryOf(machineDir), layout, "filesystem-bytes"), "utf8"),
    );
  } catch (error) {
    throw neverStarted(error);
  }
}

/** Puts the machine's clock forward by so many seconds, or back by a negative number. Takes effect at once. */
export async function setClockOffset(machineDir: string, offsetSeconds: number): Promise<void> {
  await change(machineDir, "clock-offset-seconds", offsetSeconds);
}

async function change(machineDir: string, name: string, value: number): Promise<void> {
  try {
    await put(directoryOf(machineDir), name, value);
  } catch (error) {
    throw neverStarted(error);
  }
}

function neverStarted(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return error;
  const text = "the machine was never started, so it has no disk and no clock yet";
  return new Error(text, { cause: error });
}

async function putUnlessThere(directory: string, name: string, value: number): Promise<void> {
  try {
    await readFile(join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await put(directory, name, value);
  }
}

/** The machine reads at any time: it finds the old number or the new one. */
async function put(directory: string, name: string, value: number): Promise<void> {
  await writeFile(join(directory, `.${name}`), `${value}\n`);
  await rename(join(directory, `.${name}`), join(directory, name));
}

/** What can be wrong with a machine's hardware and clock: files that the machine sees below /run/lab/machine. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Share of a sound root disk that is in use, in percent. */
const soundUse = 6;

const directoryOf = (machineDir: string): string => join(machineDir, "condition");

/** The directory that the machine sees; it keeps what was set until that is taken back or the machine is destroyed. */
export async function layCondition(machineDir: string, diskBytes: number): Promise<string> {
  const directory = directoryOf(machineDir);
  await mkdir(directory, { recursive: true });
  await put(directory, "disk-bytes", diskBytes);
  await putUnlessThere(directory, "disk-used-percent", soundUse);
  await putUnlessThere(directory, "clock-offset-seconds", 0);
  return directory;
}

/** Fills the machine's root disk to so many percent; 6 is what a sound one uses. Takes effect at once. */
export async function setDiskUse(machineDir: string, usedPercent: number): Promise<void> {
  await change(machineDir, "disk-used-percent", usedPercent);
}

/** Puts the machine's clock forward by so many seconds, or back by a negative number. Takes effect at once. */
export async function setClockOffset(machineDir: string, offsetSeconds: number): Promise<void> {
  await change(machineDir, "clock-offset-seconds", offsetSeconds);
}

async function change(machineDir: string, name: string, value: number): Promise<void> {
  try {
    await put(directoryOf(machineDir), name, value);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error("the machine was never started, so it has no disk and no clock yet", {
      cause: error,
    });
  }
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

import { randomUUID } from "node:crypto";

/** /proc/meminfo of a machine with this much memory (MiB), most of it free, in the kernel's columns. */
export function meminfo(memoryMiB: number): string {
  const total = memoryMiB * 1024;
  // A guest's kernel keeps a little for itself, so MemTotal is below the configured size on a real machine too.
  const usable = Math.floor(total * 0.975);
  const rows: [string, number][] = [
    ["MemTotal", usable],
    ["MemFree", Math.floor(usable * 0.8)],
    ["MemAvailable", Math.floor(usable * 0.9)],
    ["Buffers", Math.floor(usable * 0.01)],
    ["Cached", Math.floor(usable * 0.1)],
    ["SwapCached", 0],
    ["Active", Math.floor(usable * 0.08)],
    ["Inactive", Math.floor(usable * 0.08)],
    ["SwapTotal", 0],
    ["SwapFree", 0],
    ["Dirty", 0],
    ["Writeback", 0],
    ["AnonPages", Math.floor(usable * 0.05)],
    ["Mapped", Math.floor(usable * 0.02)],
    ["Shmem", Math.floor(usable * 0.001)],
    ["Slab", Math.floor(usable * 0.02)],
    ["SReclaimable", Math.floor(usable * 0.015)],
    ["SUnreclaim", Math.floor(usable * 0.005)],
    ["CommitLimit", Math.floor(usable / 2)],
    ["Committed_AS", Math.floor(usable * 0.05)],
  ];
  const line = ([name, kib]: [string, number]): string =>
    `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB\n`;
  return rows.map(line).join("");
}

/** /proc/cpuinfo of a machine with this many cores of QEMU's generic processor. */
export function cpuinfo(cores: number): string {
  const core = (index: number): string =>
    [
      `processor\t: ${index}`,
      "vendor_id\t: GenuineIntel",
      "model name\t: QEMU Virtual CPU version 2.5+",
      "cpu MHz\t\t: 2400.000",
      "physical id\t: 0",
      `siblings\t: ${cores}`,
      `core id\t\t: ${index}`,
      `cpu cores\t: ${cores}`,
      "flags\t\t: fpu sse sse2 ssse3 sse4_1 sse4_2 popcnt aes avx avx2 lm hypervisor",
      "bogomips\t: 4800.00",
      "",
      "",
    ].join("\n");
  return Array.from({ length: cores }, (_, index) => core(index)).join("");
}

/** The files of /proc that differ between a machine and the lab, for one boot. */
export function procFiles(size: {
  readonly memoryMiB: number;
  readonly cores: number;
}): Record<string, string> {
  return {
    meminfo: meminfo(size.memoryMiB),
    cpuinfo: cpuinfo(size.cores),
    swaps: "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
    "sys/kernel/random/boot_id": `${randomUUID()}\n`,
  };
}

import type { vmArgs } from "./vm-args.ts";

/** Settings of a virtual machine that count only from its next start on, what people call them to their value. */
export type RestartSettings = Readonly<Record<string, string>>;

/** The part of a machine's arguments that is read; also what the state holds of them. */
export type VmInputs = Partial<Omit<ReturnType<typeof vmArgs>, "disks">> & {
  readonly machine?: string;
  readonly bios?: string;
  readonly hostpcis?: readonly { readonly mapping?: string }[];
  readonly disks?: readonly { readonly interface: string; readonly datastoreId?: string }[];
};

/**
 * What the program asks for. A provider's update restarts the machine for these (bpg terraform-provider-proxmox v0.111.1,
 * proxmoxtf/resource/vm/vm.go, vmUpdate's rebootRequired), or has to stop it to move a disk (vmUpdateDiskLocation).
 * The MAC address is here because the network of a running machine is tied to the card that it had at its start. The
 * guest agent is not among them: it may wait for the next start.
 */
export function wantedSettings(vm: VmInputs): RestartSettings {
  const { dns, ipConfigs, datastoreId } = vm.initialization ?? {};
  const [card, ...further] = ipConfigs ?? [];
  return {
    memory: `${vm.memory?.dedicated ?? 512} MiB`,
    cores: String(vm.cpu?.cores ?? 1),
    "CPU type": vm.cpu?.type ?? "qemu64",
    "machine type": vm.machine ?? "",
    firmware: vm.bios ?? "seabios",
    "PCI mappings": (vm.hostpcis ?? []).map(({ mapping = "" }) => mapping).join(", "),
    "MAC address": vm.networkDevices?.[0]?.macAddress ?? "",
    address: card?.ipv4.address ?? "",
    gateway: card?.ipv4.gateway ?? "",
    "addresses of further cards": further.map(({ ipv4 }) => ipv4.address).join(", "),
    "DNS servers": (dns?.servers ?? []).join(", "),
    "DNS domain": dns?.domain ?? "",
    "datastore of the cloud-init drive": datastoreId ?? "",
    ...Object.fromEntries(
      (vm.disks ?? []).map((disk) => [storeOf(disk.interface), disk.datastoreId ?? ""]),
    ),
  };
}

/** The same as Proxmox answers it: GET nodes/N/qemu/ID/config. */
export function settingsInForce(config: Readonly<Record<string, unknown>>): RestartSettings {
  const text = (key: string): string => {
    const value = config[key];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const parts = (key: string): ReadonlyMap<string, string> =>
    new Map(
      text(key)
        .split(",")
        .map((part) => {
          const at = part.indexOf("=");
          return at < 0 ? ["", part] : [part.slice(0, at), part.slice(at + 1)];
        }),
    );
  const cpu = parts("cpu");
  const card = parts("ipconfig0");
  const further = Object.keys(config)
    .filter((key) => /^ipconfig[1-9]\d*$/.test(key))
    .sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)));
  const pci = Object.keys(config)
    .filter((key) => /^hostpci\d+$/.test(key))
    .sort((a, b) => Number(a.slice(7)) - Number(b.slice(7)));
  const drives = Object.keys(config).filter((key) => /^(scsi|virtio|sata|ide)\d+$/.test(key));
  const drive = drives.find((key) => text(key).includes("cloudinit"));
  return {
    memory: `${parts("memory").get("") ?? parts("memory").get("current") ?? "512"} MiB`,
    cores: text("cores") || "1",
    "CPU type": cpu.get("cputype") ?? (cpu.get("") || "qemu64"),
    "machine type": parts("machine").get("") ?? parts("machine").get("type") ?? "",
    firmware: text("bios") || "seabios",
    "PCI mappings": pci.map((key) => parts(key).get("mapping") ?? "").join(", "),
    "MAC address": parts("net0").get("virtio") ?? "",
    address: card.get("ip") ?? "",
    gateway: card.get("gw") ?? "",
    "addresses of further cards": further.map((key) => parts(key).get("ip") ?? "").join(", "),
    "DNS servers": text("nameserver")
      .split(/[\s,]+/)
      .filter(Boolean)
      .join(", "),
    "DNS domain": text("searchdomain"),
    "datastore of the cloud-init drive": drive === undefined ? "" : text(drive).split(":", 1)[0]!,
    ...Object.fromEntries(
      drives
        .filter((key) => !text(key).includes("media=cdrom"))
        .map((key) => [
          storeOf(key),
          text(key)
            .replace(/^file=/, "")
            .split(":", 1)[0] ?? "",
        ]),
    ),
  };
}

const storeOf = (slot: string): string => `datastore of ${slot}`;

/**
 * What is to change, each as people read it: `memory 8192 MiB to 9216 MiB`. A disk that only one side has is made or
 * detached while the machine runs.
 */
export function restartReasons(before: RestartSettings, after: RestartSettings): readonly string[] {
  return Object.entries(after).flatMap(([name, value]) => {
    const old = before[name];
    if (old === undefined || old === value) return [];
    return [`${name} ${old || "none"} to ${value || "none"}`];
  });
}
